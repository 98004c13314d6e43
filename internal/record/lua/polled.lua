-- polled: the follow-up a.seq brought nothing final; the next one is at now +
-- a.next_in. It is a query, or for a job in doubt the same request again.
-- a.unasked: nobody was asked.
-- a.hopeless: no query will ever be answered; code, text are the vendor's words.
-- Answers {'again', when}, {'stale', state}, {'missing'}.
if not job.state then return {'missing'} end
local rank, last = num(job.rank), num(job.give_up_at)
if rank < 2 or rank > 4 or num(job.seq) ~= a.seq then return {'stale', job.state} end
if a.hopeless then
  words()
  finish('unknown', 8, 'unknown', 'the vendor cannot tell how it ended')
  return {'stale', job.state}
end
local at = now + a.next_in
if job.state == 'in_doubt' then
  if not job.repeat_at then return {'stale', job.state} end
  last = num(job.doubt_until)
  put('repeat_at', at)
else
  if not a.unasked then put('polls', num(job.polls) + 1) end
end
at = math.min(at, last)
put('seq', num(job.seq) + 1)
flush()
due(at)
return {'again', str(at)}
