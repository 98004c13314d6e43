-- event_step: what became of event a.event, by who leased it until a.leased.
-- a: step, and by it
--    told:    nothing more; whoever tells it, and whatever became of the lease
--    failed:  again_in (ms), why
--    put_off: again_in; no try was made
--    dead:    why, retain (ms)
-- Answers {'done'}, or {'moved'}: another deliverer has it, or it is told.
local key = PREFIX .. 'event:' .. a.event
if a.step == 'told' then
  redis.call('DEL', key)
  redis.call('ZREM', PREFIX .. 'events', a.event)
  redis.call('ZREM', PREFIX .. 'dead', a.event)
  return {'done'}
end
local score = redis.call('ZSCORE', PREFIX .. 'events', a.event)
if not score or num(score) ~= a.leased then return {'moved'} end
if a.step ~= 'put_off' then
  redis.call('HINCRBY', key, 'tries', 1)
  redis.call('HSET', key, 'why', a.why)
end
if a.step ~= 'dead' then
  redis.call('ZADD', PREFIX .. 'events', str(now + a.again_in), a.event)
  return {'done'}
end
redis.call('ZREM', PREFIX .. 'events', a.event)
redis.call('HSET', key, 'dead_at', str(now))
redis.call('PEXPIRE', key, str(a.retain))
redis.call('ZADD', PREFIX .. 'dead', str(now), a.event)
-- The names of those that are no longer kept.
for _, name in ipairs(redis.call('ZRANGEBYSCORE', PREFIX .. 'dead', '-inf', str(now - a.retain), 'LIMIT', 0, 100)) do
  if redis.call('EXISTS', PREFIX .. 'event:' .. name) == 0 then redis.call('ZREM', PREFIX .. 'dead', name) end
end
return {'done'}
