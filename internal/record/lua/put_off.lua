-- put_off: a waiting job that asks for no permit tries again in a.next_in ms, or
-- fails with a.cause when that was so a.max_attempts times (0: that is no try).
-- a: id, next_in, reason, detail, code, text, cause, max_attempts, waits_on (the bind job
--    that brings it back at once when it is told or named; '').
-- Answers {state, until}, {}.
if not job.state then return {} end
if num(job.rank) == 0 then
  drop('runs')
  words()
  if a.max_attempts > 0 then
    put('failures', num(job.failures) + 1)
    put('attempts', num(job.attempts) + 1)
  end
  if now >= num(job.expires_at) then
    expire()
  elseif a.max_attempts > 0 and num(job.failures) >= a.max_attempts then
    finish('failed', 9, a.cause, 'retries used up (retry.max_attempts)')
  else
    hold(now + a.next_in, a.reason, a.detail)
    if a.waits_on ~= '' and redis.call('EXISTS', PREFIX .. 'job:' .. a.waits_on) == 1 then
      redis.call('HSET', PREFIX .. 'job:' .. a.waits_on, 'unbind', id)
    end
  end
  flush()
end
return {job.state, job.hold_until or '0'}
