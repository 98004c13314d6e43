-- start: a handler begins a run. Counts runs that never reached an answer of
-- Admit; more than 20 of them end the job, for something kills its handlers.
-- Answers {now, field, value, ...}; {now} where there is no record.
if job.state and num(job.rank) <= 1 then
  put('runs', num(job.runs) + 1)
  if job.state ~= 'submitting' and num(job.runs) > 20 then
    finish('failed', 9, 'poison', 'twenty runs ended without an answer')
  end
  flush()
end
local answer = {str(now)}
for field, value in pairs(job) do answer[#answer + 1] = field; answer[#answer + 1] = value end
return answer
