-- bump: the follow-up of a due entry is enqueued; the entry comes back in
-- a.again_in ms, or when a submitted job is given up, unless the task's own
-- transition removes it before.
-- Answers {'bumped'} or {'moved'}.
local score = redis.call('ZSCORE', KEYS[2], id)
if not score or num(score) ~= a.leased then return {'moved'} end
local at = now + a.again_in
if job.state == 'in_doubt' then at = math.min(at, math.max(num(job.doubt_until), now)) end
if job.give_up_at then at = math.min(at, math.max(num(job.give_up_at), now)) end
due(at)
return {'bumped'}
