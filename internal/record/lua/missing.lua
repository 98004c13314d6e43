-- missing: a task came whose record is not there. Where a marker shows how the
-- job ended nothing is told; else a record says that its content is lost.
-- a: id, fields, retain. Answers {state of the record or marker}.
if job.state then return {job.state} end
local marker = load(KEYS[4])
if marker.state then return {marker.state} end
for field, value in pairs(a.fields) do put(field, value) end
put('created_at', now)
finish('unknown', 8, 'record_missing', 'a task came without its record; nothing was sent')
return {'unknown'}
