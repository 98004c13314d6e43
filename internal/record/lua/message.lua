-- message: somebody sent a text over a binding. It has a record of its own, which is
-- made once and has ended; nothing of the text is in it. a: id, fields (of the record),
-- facts. Answers {'advanced', state}, {'same', state}.
if job.state then return {'same', job.state} end
for field, value in pairs(a.fields) do put(field, value) end
for field, value in pairs(a.facts) do put(field, value) end
put('created_at', now)
finish('completed', 9, '', 'push')
return {'advanced', job.state}
