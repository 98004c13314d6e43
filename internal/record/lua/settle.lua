-- settle: what attempt a.attempt came to, told by the handler that owned it.
-- a: id, attempt, token, result, sent (a byte left or may have left), code, text,
--    detail, vendor_id, vendor_task, x, lock_for, masks (of the numbers, for people),
--    lane (nil: says nothing of it; health, after, open, max_open: see breaker; gate
--    ('': none), gate_for (0: until somebody opens it), detail), and by result
--    accepted: poll_in (0: no poll), give_up_in, await_in (> 0: the caller dials first)
--    bound:    nothing more; the record knows its ttl
--    done:     nothing more
--    again:    retry_in, reason, counted, max_attempts, cause; keep_charge; other_x (the
--              id of the next request, where the chosen middle number is given back;
--              ''), refuses_x (it is not chosen again for this job)
--    failed:   cause; keep_charge, maybe (somebody's phone may have rung all the same)
--    in_doubt: repeat_in (-1: the same request must not be sent again), max_repeats (0: any)
-- Answers {'settled', state, hold_until}: the owner returns the job to its queue
-- where the state is held; {'outbox', state}: the outbox does; {'stale', state}:
-- another attempt owns the record, which learns no more than that a repeated
-- request took effect; {'missing'}.
if not job.state then return {'missing'} end

-- What the answer says beyond its job: of the numbers, and of the lane.
local function learn()
  if num(a.lock_for) > 0 then
    local i = 0
    each_number(function(key)
      i = i + 1
      local till = math.max(num(redis.call('HGET', key, 'lock') or '0'), now + a.lock_for)
      redis.call('HSET', key, 'lock', str(till))
      keep_number(key, till - now + 3600000)
      redis.call('HSET', PREFIX .. 'locks', string.match(key, '[^:]*$'),
        table.concat({str(till), job.account or '-', id, a.masks[i] or '-', a.text ~= '' and a.text or a.code}, ' '))
    end)
  end
  if not a.lane then return end
  breaker(a.lane.health, a.lane)
  if a.lane.gate == 'vendor_frequency' then
    too_frequent(a.lane.gate_for, a.lane.detail)
  elseif a.lane.gate ~= '' then
    shut(a.lane.gate, a.lane.gate_for > 0 and now + a.lane.gate_for or 0, a.lane.detail)
  end
end

-- The vendor has the call.
local function accept()
  local awaits = num(a.await_in) > 0
  local give_up_in = awaits and a.await_in or a.give_up_in
  put('seq', num(job.seq) + 1)
  put('give_up_at', now + give_up_in)
  drop('cancel')
  end_doubt()
  enter(awaits and 'awaiting_dial' or 'submitted', 2, '')
  -- Nobody is asked before the caller has dialled.
  due(now + (not awaits and a.poll_in > 0 and math.min(a.poll_in, give_up_in) or give_up_in))
end

-- The attempt whose answer was missing when an operator had it sent again.
local resent = num(string.match(job.resolved or '', '^resend (%d+) '))
if num(job.attempt) ~= a.attempt or job.token ~= a.token then
  -- The vendor knows a repeat by its id, so that the answer to an earlier request
  -- is the answer to this one.
  if job.repeatable and a.attempt < num(job.attempt) and (a.result == 'bound' or a.result == 'done') then
    if a.vendor_id and a.vendor_id ~= '' and not job.vendor_id then put('vendor_id', a.vendor_id) end
    if job.state == 'submitting' then
      put('stands', a.result)
      flush()
      index(job.attempt, 0)
    elseif job.state == 'in_doubt' or job.state == 'unknown' then
      release(job.attempt)
      if job.state == 'unknown' then revive() end
      stand(a.result, 'the answer to attempt ' .. str(a.attempt) .. ' came late')
    end
    flush()
  end
  -- An operator had it sent again before this answer came: there is a call, and no
  -- refusal of a later attempt is a reason for another one.
  if a.attempt == resent and num(job.answered) ~= resent then
    put('answered', resent)
    learn()
    flush()
  end
  if a.result == 'accepted' and a.attempt == resent and resent < num(job.attempt) and not job.repeatable and not job['late:' .. str(resent)] then
    put('late:' .. str(a.attempt), 'submitted')
    note(job.state, 'result_conflict: the answer to attempt ' .. str(a.attempt) .. ' says that it was placed', true)
    if num(job.rank) == 0 then
      drop('vendor_id')
      index(a.attempt, a.give_up_in)
      go_on(a.attempt, 'submitted', '', a.vendor_id or '', a.poll_in, a.give_up_in, 'the answer to attempt ' .. str(a.attempt) .. ' came late')
    elseif job.rank == '1' and not job.seen then
      remember_seen(a.attempt, 'submitted', '', a.vendor_id or '', a.poll_in, a.give_up_in)
      index(a.attempt, a.give_up_in)
    end
    flush()
  end
  return {'stale', job.state}
end
if num(job.settled) == a.attempt then
  if job.adrift then return {'outbox', job.state} end
  return {'settled', job.state, job.hold_until or '0'}
end

local was, rank = job.state, num(job.rank)
if a.result == 'in_doubt' and resent == a.attempt and rank == 0 then
  -- Known, and the operator has decided.
  put('settled', a.attempt)
  learn()
  flush()
  return {'settled', job.state, '0'}
end
local not_placed = a.result == 'again' or a.result == 'failed' and not a.maybe
-- An earlier attempt is in doubt, and this one's refusal says nothing about it.
local doubted_before = job.doubted and num(job.doubted) < a.attempt
put('settled', a.attempt)
if a.sent then
  put('attempts', num(job.attempts) + 1)
  if job.kind == 'bind' then put('sent_id', job.request_id) end
end
-- Of a job that has ended, a push told more than this answer does.
if rank < 8 or not job.vendor_code and not job.vendor_text then words() end
if a.vendor_id and a.vendor_id ~= '' and (rank < 8 or not job.vendor_id) then put('vendor_id', a.vendor_id) end
if a.x and a.x ~= '' then put('x', a.x) end
if a.vendor_task and a.vendor_task ~= '' then put('vendor_task', a.vendor_task) end
-- A number on which a repeat would undo what others do stays taken in doubt.
if not job.keeps or a.result ~= 'in_doubt' and not (doubted_before and not_placed) then release(a.attempt) end
learn()

-- A push was faster, or this answer came after the job was given up.
if rank > 1 and was ~= 'in_doubt' then
  if not_placed and was == 'unknown' and num(job.placed) ~= a.attempt then
    if a.keep_charge then move_charge(a.attempt) else refund(a.attempt) end
    if doubted_before then
      -- What that one came to is still not known.
    elseif job.seen then
      revive()
      go_on_as_seen('attempt ' .. job.seen .. ' was placed')
    else
      finish('failed', 9, a.cause or 'platform', 'proved not placed, too late to send again')
    end
  else
    move_charge(a.attempt)
    if not_placed then
      note(was, 'result_conflict: the send answered that nothing was placed', true)
    elseif was == 'unknown' and a.result == 'accepted' then
      -- Given up too early: the vendor can be asked, and may yet tell.
      revive()
      accept()
    elseif (was == 'unknown' or was == 'failed') and a.result == 'bound' then
      -- Nobody knows better than the vendor, an operator neither.
      revive()
      activate(last_start(), a.detail)
    elseif was == 'unknown' and a.result == 'done' then
      finish('completed', 9, '', a.detail)
    end
  end
  -- A binding that has ended has its number no more.
  if not not_placed and (a.result ~= 'bound' or job.state == 'active') then index(a.attempt, 0) end
  flush()
  return {'settled', job.state, '0'}
end

local seen = num(job.seen) == a.attempt
if not_placed and not a.keep_charge and not seen then refund(a.attempt) else move_charge(a.attempt) end

if job.stands and a.result ~= 'bound' and a.result ~= 'done' then
  note(was, 'result_conflict: it took effect, and the answer was ' .. a.result, true)
  release(a.attempt)
  stand(job.stands, a.detail)
elseif job.seen and (a.result == 'again' or a.result == 'failed') or seen_placed() and a.result == 'in_doubt' then
  note(was, 'result_conflict: attempt ' .. job.seen .. ' was placed, and the answer was ' .. a.result, true)
  release(a.attempt)
  go_on_as_seen('attempt ' .. job.seen .. ' was placed')
elseif doubted_before and (a.result == 'again' or a.result == 'failed') then
  enter_doubt(a.detail, a.result == 'again' and a.retry_in or -1)
elseif a.result == 'bound' then
  activate(last_start(), a.detail)
elseif a.result == 'done' then
  finish('completed', 9, '', a.detail)
elseif a.result == 'accepted' then
  accept()
elseif a.result == 'in_doubt' then
  if num(a.max_repeats) > 0 then put('bounded', num(job.bounded) + 1) end
  if num(a.max_repeats) > 0 and num(job.bounded) > a.max_repeats then
    put('evidence', 1)
    finish('unknown', 8, 'unknown', 'the vendor does not say whether it took effect')
  elseif was ~= 'in_doubt' then
    enter_doubt(a.detail, a.repeat_in)
  end
elseif job.cancel and not_placed then
  finish('canceled', 9, 'canceled', 'canceled while it was being sent; it was not placed')
elseif a.result == 'failed' then
  put('evidence', 3)
  finish('failed', 9, a.cause, a.detail)
else
  end_doubt()
  if a.counted then put('failures', num(job.failures) + 1) end
  if a.counted and num(job.failures) >= a.max_attempts then
    finish('failed', 9, a.cause, 'retries used up (retry.max_attempts)')
  elseif now >= num(job.expires_at) then
    put('hold_reason', a.reason)
    expire()
  else
    if a.other_x ~= '' and job.chosen then
      if a.refuses_x then put('refused_x', (job.refused_x and job.refused_x .. ',' or '') .. its_x()) end
      give_x_back(a.other_x)
    end
    put('retry_at', now + a.retry_in)
    put('retry_reason', a.reason)
    hold(now + a.retry_in, a.reason, a.detail)
    if was == 'in_doubt' then
      -- Its task ended long ago: the outbox brings a new one.
      put('adrift', 1)
      put('seq', num(job.seq) + 1)
      due(math.min(now + a.retry_in, num(job.expires_at)))
    end
  end
end
if not not_placed then index(a.attempt, 0) end
flush()
if job.adrift then return {'outbox', job.state} end
return {'settled', job.state, job.hold_until or '0'}
