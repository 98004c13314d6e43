-- admit: the only door to a vendor. Decides about one attempt, charges every
-- rule and writes the intent, or says until when the job must wait.
-- a: id, attempt (the number it would get), token, phase ('ask' or 'go'),
--    waited (a number in flight was waited for long enough),
--    valid_from, valid_until (the span in which the numbers below hold),
--    keep, number_ttl, one_at_a_time, permit, timeout, grace, doubt, late (ms),
--    paced (it needs a slot) and slot (the one it has, for 'go'; ''),
--    anytime (whatever the lane is shut for), line_for (ms; 0: it uses no line),
--    repeatable (the vendor knows the request by its id),
--    keeps (in doubt it keeps its numbers), redial ('' or when to call again, as JSON:
--    see redial.lua), and what gates.lua and judge.lua need.
-- Answers
--    {'go', now, ms_left, send_before, wait}  the permit, and how long to wait until its
--                                        slot (ms); the same token asking again gets the same
--    {'ready', now}                      phase 'ask': nothing stands in the way now
--    {'hold', now, until, reason}        the record says so too
--    {'gate', now, until, reason}        the lane is shut; until 0: no known end
--    {'again', now}                      not with this slot: get another one
--    {'wait', now}                       a call to this number is in flight: ask again soon
--    {'recompute', now}                  the numbers are of another time
--    {'busy', now, until}                another handler is sending it
--    {'over', now, state}                nothing is to be sent
--    {'stale', now, attempt}             the record is at another attempt: read it again
--    {'missing', now}
if not job.state then return {'missing', str(now)} end
drop('runs')

local rank = num(job.rank)
if job.state == 'submitting' then
  flush()
  if job.token == a.token and num(job.attempt) == a.attempt then
    local left = math.min(num(job.send_before) - now, a.permit)
    return {'go', str(now), str(left), job.send_before, str(math.max(0, num(job.slot_at) - now))}
  end
  return {'busy', str(now), job.owned_until}
end
local doubt = job.state == 'in_doubt' and job.repeat_at and a.repeatable
if rank > 0 and not doubt then flush(); return {'over', str(now), job.state} end
if num(job.attempt) + 1 ~= a.attempt then flush(); return {'stale', str(now), job.attempt} end
-- Whoever read a bind before its X was given up, or chosen anew, asks for another one
-- than the record has.
if its_x() ~= (job.kind == 'bind' and string.match(KEYS[5] or '', '[^:]*$') or nil) then
  flush()
  return {'stale', str(now), job.attempt}
end
-- A job in doubt stays that, and the outbox brings the next repeat.
local function later_in_doubt(at)
  enter_doubt('', at - now)
  return {'over', str(now), job.state}
end
if doubt and now >= num(job.expires_at) then return later_in_doubt(now) end
if now >= num(job.expires_at) then
  expire()
  return {'over', str(now), job.state}
end
local before = rank == 0 and answered_before()
if before then
  finish('canceled', 9, 'canceled', 'not called again: ' .. before .. ' was answered after all, or is not to be called again')
  return {'over', str(now), job.state}
end
if now < a.valid_from or now >= a.valid_until then
  flush()
  return {'recompute', str(now)}
end

