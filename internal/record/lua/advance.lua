-- advance: evidence about an attempt, from a push or a query.
-- a: id, attempt, source, state ('' = tells nothing), cause, evidence, vendor_id,
--    task (which of several calls; ''), code, text, poll_in, give_up_in (where a
--    call turns out to be under way), facts (field -> value, what else is told),
--    child (nil, or the fields of a record to make where there is none).
-- Answers {'advanced', state}, {'same', state} (nothing new), {'stale', state}
-- (another attempt), {'foreign', state} (another call's id), {'missing'}.
local RANK = {ringing = 3, in_progress = 4}
if not job.state and a.child then
  for field, value in pairs(a.child) do put(field, value) end
  put('created_at', now)
  put('give_up_at', now + a.give_up_in)
  enter('submitted', 2, '')
  flush()
  due(num(job.give_up_at))
end
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
  for field, value in pairs(a.facts) do put(field, value) end
end

if a.state == '' then
  flush()
  return {'same', job.state}
end
-- One connection may bring several calls: the first that ends, ends the job.
if a.task ~= '' and job.call_task and job.call_task ~= a.task then
  note(job.state, 'extra_call: ' .. a.source .. ' says ' .. a.state)
  flush()
  return {'same', job.state}
end
local under_way = RANK[a.state]
if under_way and (rank == 1 or rank >= under_way) then
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
if under_way then
  -- Whoever holds a poll in his hand may go on; all else gets a new next step.
  if job.state ~= 'submitted' and rank < 3 then
    clear_hold()
    end_doubt()
    put('seq', num(job.seq) + 1)
    put('give_up_at', now + a.give_up_in)
    due(math.min(now + (a.poll_in > 0 and a.poll_in or a.give_up_in), num(job.give_up_at)))
  end
  facts()
  enter(a.state, under_way, a.source)
  flush()
  return {'advanced', job.state}
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
if a.task ~= '' then put('call_task', a.task) end
finish(a.state, 9, a.cause, a.source)
return {'advanced', job.state}
