-- Reads the entries that changed after a revision, in the order of their changes.
-- A revision that the list has not reached is of writes that Redis lost: the
-- answer is then the beginning.
-- KEYS 1 list, 2 changes, 3 revision. ARGV 1 after, 2 how many at most.
-- Answers {after, revision up to which the answer is whole, key, value or '' (removed), …}.
local function str(x) return string.format('%.0f', x) end

local after, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
local revision = tonumber(redis.call('GET', KEYS[3]) or '0')
if after > revision then after = 0 end
local found = redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. str(after), '+inf', 'WITHSCORES', 'LIMIT', 0, limit)
if #found == 2 * limit then revision = tonumber(found[#found]) end
local answer = {str(after), str(revision)}
for i = 1, #found, 2 do
  answer[#answer + 1] = found[i]
  answer[#answer + 1] = redis.call('HGET', KEYS[1], found[i]) or ''
end
return answer
