-- fail: ends a job that no attempt can help, or that needs none: a waiting one,
-- or one in doubt of which it became clear that all is done.
-- a: id, state, cause, detail. KEYS 5..: the numbers that it took. Answers {state} or {}.
if not job.state then return {} end
if num(job.rank) == 0 or job.state == 'in_doubt' and job.repeat_at and a.state == 'completed' then
  release(job.attempt)
  finish(a.state, 9, a.cause, a.detail)
end
return {job.state}
