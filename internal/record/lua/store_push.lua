-- store_push: a vendor's push, durable from here on. KEYS 3: the push.
-- a: id (its member in the due table), fields. Answers {'stored'} or
-- {'duplicate', state}.
if job.state then return {'duplicate', job.state} end
for field, value in pairs(a.fields) do put(field, value) end
put('received_at', now)
put('state', 'received')
flush()
due(now + 5000)
return {'stored'}
