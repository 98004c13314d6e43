-- released: the vendor released this binding. a: id, detail, number (its X; '').
-- Answers {state}, {} where there is no record.
if not job.state then
  if a.number ~= '' then strike(a.number, id) end
  return {}
end
local rank = num(job.rank)
if rank >= 2 and rank < 9 then finish('released', 9, '', a.detail) end
return {job.state}
