-- lock_lift: the number may be dialled again. Jobs that were held by its lock are
-- due at once, and tick brings them back to their queue. a: number (its key).
-- Answers {'1'} where it was locked.
local key, locks = PREFIX .. 'number:' .. a.number, PREFIX .. 'locks'
local number = load(key)
local cause = string.match(redis.call('HGET', locks, a.number) or '', '^%d+ %S+ (%S+)')
redis.call('HDEL', key, 'lock')
redis.call('HDEL', locks, a.number)

local function wake(name)
  local held = PREFIX .. 'job:' .. name
  local h = redis.call('HMGET', held, 'state', 'retry_reason')
  if h[1] ~= 'held' then return end
  -- What the vendor refused because of the lock was to be tried again at its end.
  if h[2] == 'lockout' then redis.call('HDEL', held, 'retry_at', 'retry_reason') end
  redis.call('ZADD', KEYS[2], 'XX', str(now), name)
end
for field in pairs(number) do
  if string.sub(field, 1, 2) == 'l:' then
    wake(string.sub(field, 3))
    redis.call('HDEL', key, field)
  end
end
if cause and redis.call('HGET', PREFIX .. 'job:' .. cause, 'hold_reason') == 'lockout' then wake(cause) end
return {num(number.lock) > now and '1' or '0'}
