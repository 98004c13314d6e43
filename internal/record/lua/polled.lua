-- polled: the query a.seq brought nothing final; the next one is at now + a.next_in.
-- Answers {'again', when}, {'stale', state}, {'missing'}.
if not job.state then return {'missing'} end
local rank = num(job.rank)
if rank < 2 or rank > 4 or job.state == 'in_doubt' or num(job.seq) ~= a.seq then return {'stale', job.state} end
local at = math.min(now + a.next_in, num(job.give_up_at))
put('seq', num(job.seq) + 1)
put('polls', num(job.polls) + 1)
flush()
due(at)
return {'again', str(at)}
