-- bump: the follow-up of a due entry is enqueued; the entry comes back in
-- a.again_in ms unless the task's own transition removes it before.
-- Answers {'bumped'} or {'moved'}.
local score = redis.call('ZSCORE', KEYS[2], id)
if not score or num(score) ~= a.leased then return {'moved'} end
due(now + a.again_in)
return {'bumped'}
