-- Shared by every script that changes a job's record.
-- KEYS 1 clock, 2 due table, 3 job, 4 key marker, 5.. one per number under the rules,
-- then a.calls names by which a vendor or a number leads to the job.
-- ARGV 1 test clock in ms ('' = Redis's own TIME), 2 the arguments as JSON (a.id: the job).
local a = cjson.decode(ARGV[2])
local id = a.id

local function str(x)
  if type(x) == 'number' then return string.format('%.0f', x) end
  if x == true then return '1' elseif x == false then return '0' end
  return x
end

local function num(x) return tonumber(x or '0') or 0 end

-- The group's time in ms. It never runs backwards, whatever server answers; how
-- far it is ahead of the server's then is in behind.
local behind = 0
local function clock()
  local t
  if ARGV[1] ~= '' then
    t = tonumber(ARGV[1])
  else
    local time = redis.call('TIME')
    t = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
  end
  local seen = num(redis.call('GET', KEYS[1]) or '0')
  if seen > t then
    behind = seen - t
    return seen
  end
  if seen < t then redis.call('SET', KEYS[1], str(t)) end
  return t
end

local function load(key)
  local flat, h = redis.call('HGETALL', key), {}
  for i = 1, #flat, 2 do h[flat[i]] = flat[i + 1] end
  return h
end

local now = clock()
local job = load(KEYS[3])
local changed, gone = {}, {}

-- put and drop change the copy at once and the record at flush.
local function put(field, value)
  value = str(value)
  if job[field] ~= value then
    job[field] = value
    changed[field] = value
    gone[field] = nil
  end
end

local function drop(field)
  if job[field] ~= nil then
    job[field] = nil
    gone[field] = true
    changed[field] = nil
  end
end
