-- returned: what became of the task a.task of a waiting job, seen from outside.
-- a.live: asynq holds it (pending, scheduled, retry or active). A task that is
-- gone twice, two minutes apart, is brought back under the next sequence number.
-- Answers {'moved'}, {'live'}, {'wait'}, {'enqueue', task, account, kind, priority}.
local score = redis.call('ZSCORE', KEYS[2], id)
if not score or num(score) ~= a.leased or num(job.rank) ~= 0 then return {'moved'} end
if a.live then
  if job.state == 'accepted' then enter('queued', 0, '') end
  put('task', a.task)
  drop('missing'); drop('adrift')
  put('checks', num(job.checks) + 1)
  due_waiting(math.max(num(job.hold_until), num(job.not_before)))
  flush()
  return {'live'}
end
if not job.missing and not job.adrift and job.state ~= 'accepted' then
  put('missing', 1)
  flush()
  due(math.min(now + CHECK, num(job.expires_at)))
  return {'wait'}
end
put('adrift', 1)
put('seq', num(job.seq) + 1)
if job.state == 'accepted' then put('task', id .. '~' .. job.seq) end
drop('missing')
flush()
return brings('enqueue', id .. '~' .. job.seq)
