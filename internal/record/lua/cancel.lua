-- cancel: a waiting job ends; one being sent is marked, which counts only if
-- nothing was placed; a query that an application asks for itself ends; any other
-- stays as it is, and is not called again.
-- Answers {'canceled' | 'requested', state}, {'refused', state, the job that calls again
-- after it or ''}, {'missing'}.
if not job.state then return {'missing'} end
if job.state == 'canceled' then return {'canceled', job.state} end
if num(job.rank) == 0 or job.kind == 'poll' and num(job.rank) < 8 then
  finish('canceled', 9, 'canceled', 'before it was sent')
  return {'canceled', job.state}
end
if job.state == 'submitting' then
  put('cancel', 1)
  drop('redial_policy') -- whatever comes of it, nobody is called again
  note('submitting', 'cancel requested')
  flush()
  return {'requested', job.state}
end
if num(job.rank) < 9 then
  drop('redial_policy')
  flush()
end
return {'refused', job.state, job.redial or ''}
