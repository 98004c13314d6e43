-- advance: evidence about an attempt, from a push or a query.
-- a: id, attempt, source, state ('' = tells nothing), cause, evidence, vendor_id,
--    task (which of several calls; ''), call (the record of that call alone), code,
--    text, poll_in, give_up_in (where a call turns out to be under way), facts (field
--    -> value, what else is told),
--    fetch (nil, or path, after, keep of the recording that a call which was answered
--    has: see want_file),
--    child (nil, or the fields of a record to make where there is none).
-- Answers {'advanced', state}, {'same', state} (nothing new), {'stale', state}
-- (another attempt; what it says is kept where it may yet count), {'foreign', state}
-- (another call's id), {'extra', state} (another call of this connection, which has
-- a record of its own: a.call names it), {'missing'}.
if not job.state and a.child then
  for field, value in pairs(a.child) do put(field, value) end
  put('created_at', now)
  put('give_up_at', now + a.give_up_in)
  enter('submitted', 2, '')
  flush()
  due(num(job.give_up_at))
end
if not job.state then return {'missing'} end
-- command: HSET, or HSETNX where a charge that is there stays as it is.
local function charge_stands(command)
  if job.capped then redis.call('ZADD', lane_key(':day'), 'NX', str(now), attempt_id(a.attempt)) end
  each_number(function(key)
    redis.call(command, key, 'c:' .. attempt_id(a.attempt), str(now))
    keep_number(key, num(job.number_ttl))
  end)
end
-- News that come in another order than they were sent take nothing back.
local function weight(state) return state == 'completed' and 10 or RANK[state] or 9 end
local function see()
  if job.seen and (a.attempt ~= num(job.attempt) or num(job.seen) == a.attempt)
    and weight(job.seen_state) > weight(a.state) then return end
  remember_seen(a.attempt, a.state, a.cause, a.vendor_id, a.poll_in, a.give_up_in)
  if a.fetch then
    put('seen_file', a.fetch.path)
    put('seen_until', now + a.fetch.keep)
  end
end

local function facts()
  put('evidence', a.evidence)
  words()
  for field, value in pairs(a.facts) do put(field, value) end
end

if a.attempt ~= num(job.attempt) then
  -- The job may be an earlier attempt's again.
  local last = math.max(num(job.attempt), num(job.settled))
  if a.state == '' or a.attempt < 1 or a.attempt > last then return {'stale', job.state} end
  -- An earlier attempt, of which the vendor had said that it placed nothing, did.
  if not job['late:' .. str(a.attempt)] then
    put('late:' .. str(a.attempt), a.state)
    note(job.state, 'result_conflict: a ' .. a.source .. ' says that attempt ' .. str(a.attempt) .. ' was placed', true)
    charge_stands('HSETNX')
  end
  if num(job.rank) == 0 or job.state == 'in_doubt' and job.repeatable then
    drop('vendor_id')
    index(a.attempt, a.give_up_in)
    facts()
    go_on(a.attempt, a.state, a.cause, a.vendor_id, a.poll_in, a.give_up_in, a.source)
    if a.fetch then want_file(a.fetch) end
    return {'advanced', job.state}
  end
  if num(job.rank) == 1 and job.seen ~= job.attempt or job.state == 'in_doubt' then
    see()
    index(a.attempt, a.give_up_in)
  end
  flush()
  return {'stale', job.state}
end
if a.vendor_id ~= '' and job.vendor_id and job.vendor_id ~= a.vendor_id then return {'foreign', job.state} end
if a.vendor_id ~= '' and not job.vendor_id then
  put('vendor_id', a.vendor_id)
  index(a.attempt, a.give_up_in)
end

local rank, strength = num(job.rank), num(job.evidence)
if a.state == '' then
  flush()
  return {'same', job.state}
end
-- One connection may bring several calls: the first that ends, ends the job.
if a.task ~= '' and job.call_task and job.call_task ~= a.task then
  -- That one rings is no news before its end: it may be this one, told late.
  if RANK[a.state] then
    flush()
    return {'same', job.state}
  end
  if job.last_call ~= a.call then
    put('last_call', a.call)
    note(job.state, 'extra_call: ' .. a.call)
  end
  if a.state == 'completed' then put('extra_answered', 1) end
  flush()
  return {'extra', job.state}
end
local under_way = RANK[a.state]
put('placed', a.attempt)
-- The vendor works, though it never said so itself.
if job.state == 'in_doubt' or job.state == 'unknown' then breaker('ok') end
if rank == 0 or num(job.refunded) == a.attempt then
  -- The vendor had said that nothing was placed, and it was: the charge stands.
  charge_stands('HSET')
  drop('refunded')
end
if under_way and (rank == 1 or rank >= under_way) then
  if rank == 1 then
    see()
    facts()
  end
  flush()
  return {'same', job.state}
end
if under_way then
  facts()
  if job.state == 'submitted' or rank >= 3 then
    -- Whoever holds a poll in his hand may go on.
    enter(a.state, under_way, a.source)
    flush()
  else
    go_on(a.attempt, a.state, a.cause, '', a.poll_in, a.give_up_in, a.source)
  end
  return {'advanced', job.state}
end
if rank == 9 then
  if a.state == job.state then
    -- The same end told again: only what is known better is written.
    if a.evidence > strength then facts() end
    flush()
    if a.fetch then want_file(a.fetch) end
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
forget_seen()
finish(a.state, 9, a.cause, a.source)
if a.fetch then want_file(a.fetch) end
return {'advanced', job.state}
