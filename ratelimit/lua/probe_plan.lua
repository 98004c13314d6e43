-- probe_plan: the account is asked every a.every ms how it stands, by one of the fleet;
-- 0: not any more. What is planned earlier stays, and nothing is planned before the vendor
-- wants to be asked again. a: account, member (its due entry).
-- Answers {'planned'} or {'none'}.
if a.every == 0 then
  redis.call('ZREM', KEYS[2], a.member)
  redis.call('HDEL', lane_key(), 'probe_every')
  return {'none'}
end
redis.call('HSET', lane_key(), 'probe_every', str(a.every))
local at = redis.call('ZSCORE', KEYS[2], a.member)
local latest = math.max(at and now + a.every or now, num(redis.call('HGET', lane_key(), 'probe_not_before') or '0'))
if not at or num(at) > latest then redis.call('ZADD', KEYS[2], str(latest), a.member) end
return {'planned'}
