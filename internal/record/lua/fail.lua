-- fail: ends a waiting job that no attempt can help. a: id, cause, detail.
-- Answers {state} or {}.
if not job.state then return {} end
if num(job.rank) == 0 then finish('failed', 9, a.cause, a.detail) end
return {job.state}
