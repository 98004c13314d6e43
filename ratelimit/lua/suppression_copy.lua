-- Brings a group's copy of the suppression list from one revision to a later
-- one, unless somebody else did: what was read before then must not undo it.
-- KEYS 1 copy. ARGV 1 name of the field with its revision, 2 the revision that it
-- must have, 3 the one that it gets, then key, value or '' (removed), …
-- Answers the revision that the copy has now.
local has = redis.call('HGET', KEYS[1], ARGV[1]) or '0'
if has ~= ARGV[2] then return has end
for i = 4, #ARGV, 2 do
  if ARGV[i + 1] == '' then
    redis.call('HDEL', KEYS[1], ARGV[i])
  else
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
  end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return ARGV[3]
