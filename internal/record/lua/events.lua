-- What the application hears of: each change raises the record's revision, and where
-- the job tells (tells = 1) the same script keeps an event of it until it is delivered.
--   event:<job>:<revision>  job, revision, at (of the change), since (when its deliveries
--                           began), about ('' or recording.stored: what is news besides
--                           its state), corrected (it had ended otherwise), url (the job's
--                           own), record (as it stood then, as JSON), tries, why (the last
--                           one failed), dead_at
--   events                  <job>:<revision> -> when its delivery is due
--   dead                    <job>:<revision> -> when it was given up
local PREFIX = string.match(KEYS[1], '^(.*:)[^:]*$')

-- How long an event is kept that nobody tells: a day of tries, and a week.
local EVENT_KEPT = 8 * 24 * 3600 * 1000

-- What only we need of a record.
local OURS = {'digest', 'parts', 'token', 'submit_token', 'numbers', 'number_ttl'}

local news -- the change that no event is kept of yet

local function tell()
  if not news then return end
  local event, told = news, {}
  news = nil
  for field, value in pairs(job) do told[field] = value end
  for _, field in ipairs(OURS) do told[field] = nil end
  local name = id .. ':' .. str(event.revision)
  redis.call('ZREM', PREFIX .. 'dead', name) -- of an earlier record; it is kept no longer
  redis.call('HSET', PREFIX .. 'event:' .. name, 'job', id, 'revision', str(event.revision), 'at', str(now),
    'since', str(now), 'about', event.about or '', 'corrected', event.corrected and '1' or '0', 'url', job.event_url or '', 'record', cjson.encode(told))
  -- Nobody tells it any more after some days, where no worker has events.
  redis.call('PEXPIRE', PREFIX .. 'event:' .. name, str(EVENT_KEPT))
  redis.call('ZADD', PREFIX .. 'events', str(now), name)
  redis.call('ZREMRANGEBYSCORE', PREFIX .. 'events', '-inf', str(now - EVENT_KEPT))
end

-- next_revision is one under which no event lies: an earlier record of this id may have
-- left some that are not delivered yet.
local function next_revision()
  put('revision', num(job.revision) + 1)
  while job.tells and redis.call('EXISTS', PREFIX .. 'event:' .. id .. ':' .. job.revision) == 1 do
    put('revision', num(job.revision) + 1)
  end
  return num(job.revision)
end

-- news_of: something else of the job than its state is news.
local function news_of(about)
  tell()
  local revision = next_revision()
  if job.tells then news = {revision = revision, about = about} end
end

-- changed_state: the job went on from a state of rank was. Its waiting, and that it
-- came to be, are no news.
local function changed_state(was, rank)
  if rank < 2 or not was and rank < 8 then return end
  local revision = next_revision()
  if job.tells then news = {revision = revision, corrected = num(was) >= 8 or rank >= 8 and job.told_end ~= nil} end
  if rank >= 8 and job.tells then put('told_end', 1) end
end

-- What a bind job's record says of its middle number: see ledger.lua.
local book

local function flush()
  local set, del = {}, {}
  for field, value in pairs(changed) do set[#set + 1] = field; set[#set + 1] = value end
  for field in pairs(gone) do del[#del + 1] = field end
  if #set > 0 then redis.call('HSET', KEYS[3], unpack(set)) end
  if #del > 0 then redis.call('HDEL', KEYS[3], unpack(del)) end
  changed, gone = {}, {}
  tell()
  book()
end
