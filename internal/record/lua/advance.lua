-- advance: evidence about an attempt, from a push or a query.
-- a: id, attempt, source, state ('' = tells nothing), cause, evidence, vendor_id,
--    code, text, sip, duration (ms, -1 unknown), billable (-1 unknown, 0, 1).
-- Answers {'advanced', state}, {'same', state} (nothing new), {'stale', state}
-- (another attempt), {'foreign', state} (another call's id), {'missing'}.
if not job.state then return {'missing'} end
if a.attempt ~= num(job.attempt) then
  if a.state ~= '' and a.attempt >= 1 and a.attempt < num(job.attempt) and not job['late:' .. str(a.attempt)] then
    -- An earlier attempt, of which the vendor had said that it placed nothing, did.
    put('late:' .. str(a.attempt), a.state)
    note(job.state, 'result_conflict: a ' .. a.source .. ' says that attempt ' .. str(a.attempt) .. ' was placed', true)
    each_number(function(key)
      redis.call('HSETNX', key, 'c:' .. attempt_id(a.attempt), str(now))
      keep_number(key, num(job.number_ttl))
    end)
    flush()
  end
  return {'stale', job.state}
end
if a.vendor_id ~= '' and job.vendor_id and job.vendor_id ~= a.vendor_id then return {'foreign', job.state} end
if a.vendor_id ~= '' then put('vendor_id', a.vendor_id) end

local rank, strength = num(job.rank), num(job.evidence)
local function facts()
  put('evidence', a.evidence)
  words()
  if a.sip > 0 then put('sip', a.sip) end
  if a.duration >= 0 then put('duration_ms', a.duration) end
  if a.billable >= 0 then put('billable', a.billable) end
end

if a.state == '' then
  flush()
  return {'same', job.state}
end
if rank == 0 or num(job.refunded) == a.attempt then
  -- The vendor had said that nothing was placed, and it was: the charge stands.
  each_number(function(key)
    redis.call('HSET', key, 'c:' .. attempt_id(a.attempt), str(now))
    keep_number(key, num(job.number_ttl))
  end)
  drop('refunded')
end
if rank == 9 then
  if a.state == job.state then
    -- The same end told again: only what is known better is written.
    if a.evidence > strength then facts() end
    flush()
    return {'same', job.state}
  end
  local wins = a.state == 'completed' or (job.state ~= 'completed' and a.evidence > strength)
  note(job.state, 'result_conflict: ' .. a.source .. ' says ' .. a.state, true)
  if not wins then
    flush()
    return {'same', job.state}
  end
end
facts()
finish(a.state, 9, a.cause, a.source)
return {'advanced', job.state}
