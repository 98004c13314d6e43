-- create: the record, or what stands in its place.
-- a: id, token (of this submit), digest, parts (field -> digest, as a string),
--    fields (the record's immutable fields), expires_at (0: now + expires_in),
--    made_by (from then on there will be no record; 0: whenever),
--    asks (it starts submitted, with a query due, and ends unknown at expires_at).
-- Answers {'created', state}, {'repeated', state}, {'duplicate', state},
--    {'differs', parts, state} or {'too_late'}; nothing changed in the last four.
local function stands(h)
  if h.digest ~= a.digest then return {'differs', h.parts or '{}', h.state or ''} end
  if h.submit_token == a.token then return {'repeated', h.state or ''} end
  return {'duplicate', h.state or ''}
end
if job.state then return stands(job) end
local marker = load(KEYS[4])
if marker.state then return stands(marker) end

local expires = a.expires_at
if expires == 0 then expires = now + a.expires_in end
if expires <= now or a.made_by > 0 and a.made_by <= now then return {'too_late'} end
for field, value in pairs(a.fields) do put(field, value) end
put('digest', a.digest)
put('parts', a.parts)
put('submit_token', a.token)
put('created_at', now)
put('expires_at', expires)
put('attempt', 0)
put('seq', 0)
if a.asks then
  -- The call exists: all there is to do is to ask how it ended.
  put('seq', 1)
  put('give_up_at', expires)
  enter('submitted', 2, '')
  flush()
  due(math.max(now, num(job.not_before)))
else
  enter('accepted', 0, '')
  flush()
  due(math.min(now + 30000, num(job.expires_at)))
end
if job.keyed == '1' then
  redis.call('HSET', KEYS[4], 'state', job.state, 'digest', a.digest, 'parts', a.parts, 'submit_token', a.token)
end
return {'created', job.state}
