-- Forgets removals that every copy has seen. One that begins later begins
-- without what was removed.
-- KEYS 1 changes, 2 removed. ARGV 1 the revision that every copy has, 2 how many at most.
-- Answers how many were forgotten.
local seen = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
for _, key in ipairs(seen) do
  redis.call('ZREM', KEYS[1], key)
  redis.call('ZREM', KEYS[2], key)
end
return #seen
