-- replay_event: somebody wants the dead letter a.event delivered after all: it is due
-- at once, as if it had just happened. Answers {'replayed'}, or {'left'}: there is none.
local key = PREFIX .. 'event:' .. a.event
if not redis.call('HGET', key, 'dead_at') then return {'left'} end
redis.call('HDEL', key, 'dead_at', 'why', 'tries')
redis.call('HSET', key, 'since', str(now))
redis.call('PEXPIRE', key, str(EVENT_KEPT))
redis.call('ZREM', PREFIX .. 'dead', a.event)
redis.call('ZADD', PREFIX .. 'events', str(now), a.event)
return {'replayed'}
