-- queued: accepted -> queued, once asynq holds the task a.task.
-- Answers {state}, or {} where there is no record.
if not job.state then return {} end
if job.state == 'accepted' then
  put('task', a.task)
  enter('queued', 0, '')
  due_waiting(num(job.not_before))
  flush()
end
return {job.state}
