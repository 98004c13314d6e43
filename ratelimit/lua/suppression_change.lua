-- Changes the suppression list: adds, then removes, then drops what is long over.
-- The list's revision grows with each entry that changes and is a time in µs, so
-- that it is new even where Redis lost the last of its writes.
-- KEYS 1 list, 2 changes (key -> revision of its last change), 3 removed (those of
-- the changes that are in the list no more), 4 ends (key -> until), 5 groups, 6 revision.
-- ARGV 1 test clock in ms ('' = Redis's own TIME), 2 JSON: a.groups that have a copy,
-- a.add {key, value without its end, until}, a.remove keys.
-- Answers {revision, how many were removed, how many removals are on record,
-- every group that ever had a copy}.
local a = cjson.decode(ARGV[2])
local GRACE = 60000 -- another server's clock may be behind
local PURGE = 500

local function str(x) return string.format('%.0f', x) end

local us
if ARGV[1] ~= '' then
  us = tonumber(ARGV[1]) * 1000
else
  local time = redis.call('TIME')
  us = tonumber(time[1]) * 1000000 + tonumber(time[2])
end
local now = math.floor(us / 1000)
local stood = tonumber(redis.call('GET', KEYS[6]) or '0')
local revision = stood

local function changed(key)
  revision = math.max(revision + 1, us)
  redis.call('ZADD', KEYS[2], str(revision), key)
end

-- The entry that counts now, or nil.
local function entry(key)
  local text = redis.call('HGET', KEYS[1], key)
  if not text then return nil end
  local e = cjson.decode(text)
  if e['until'] > 0 and e['until'] <= now then return nil end
  return e, text
end

local function drop(key)
  redis.call('HDEL', KEYS[1], key)
  redis.call('ZREM', KEYS[4], key)
  changed(key)
  redis.call('ZADD', KEYS[3], str(revision), key)
end

for _, group in ipairs(a.groups) do redis.call('SADD', KEYS[5], group) end

for _, add in ipairs(a.add) do
  local key, ends = add[1], tonumber(add[3])
  local old, text = entry(key)
  local value = add[2] .. ',"added":' .. str(old and old.added or now) .. '}'
  if text ~= value then
    redis.call('HSET', KEYS[1], key, value)
    redis.call('ZREM', KEYS[3], key)
    if ends > 0 then redis.call('ZADD', KEYS[4], str(ends), key) else redis.call('ZREM', KEYS[4], key) end
    changed(key)
  end
end

-- What the list does not have is removed too: a copy may have it still, where
-- Redis lost the last writes of the list.
local removed = 0
for _, key in ipairs(a.remove) do
  if entry(key) then removed = removed + 1 end
  drop(key)
end

for _, key in ipairs(redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', str(now - GRACE), 'LIMIT', 0, PURGE)) do drop(key) end

if revision ~= stood then redis.call('SET', KEYS[6], str(revision)) end

local answer = {str(revision), str(removed), str(redis.call('ZCARD', KEYS[3]))}
for _, group in ipairs(redis.call('SMEMBERS', KEYS[5])) do answer[#answer + 1] = group end
return answer
