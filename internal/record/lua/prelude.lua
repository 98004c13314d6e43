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

-- The group's time in ms. It never runs backwards, whatever server answers.
local function clock()
  local t
  if ARGV[1] ~= '' then
    t = tonumber(ARGV[1])
  else
    local time = redis.call('TIME')
    t = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
  end
  local seen = num(redis.call('GET', KEYS[1]) or '0')
  if seen > t then return seen end
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

local function flush()
  local set, del = {}, {}
  for field, value in pairs(changed) do set[#set + 1] = field; set[#set + 1] = value end
  for field in pairs(gone) do del[#del + 1] = field end
  if #set > 0 then redis.call('HSET', KEYS[3], unpack(set)) end
  if #del > 0 then redis.call('HDEL', KEYS[3], unpack(del)) end
  changed, gone = {}, {}
end

-- Lines of the timeline are bounded; the ends of a job always get one.
local function note(state, detail, always)
  local n = num(job.timeline)
  if n >= 60 and not always then return end
  put('timeline', n + 1)
  put('at:' .. str(n + 1), str(now) .. ' ' .. state .. ' ' .. (detail or ''))
end

-- The one next step of a record that is not final.
local function due(at) redis.call('ZADD', KEYS[2], str(at), id) end

local CHECK, CHECK_MAX = 120000, 1920000

-- What has no end is looked at again after so long.
local ENDLESS = 30 * 24 * 3600 * 1000

-- A waiting job is due at its end, or when somebody should look whether its
-- task is still alive: two minutes after it should have run, then ever later.
local function due_waiting(from)
  local at = math.max(from, now) + math.min(CHECK * 2 ^ num(job.checks), CHECK_MAX)
  due(math.min(at, num(job.expires_at)))
end

local function enter(state, rank, detail)
  put('state', state)
  put('rank', rank)
  put('since', now)
  if rank >= 2 then put('revision', num(job.revision) + 1) end
  note(state, detail, rank >= 2)
end

-- An attempt may have taken effect: nothing but its own answer, or evidence from
-- elsewhere, takes the doubt away. Where the vendor knows a request by its id the
-- very same one goes out again in again_in ms (-1: never); elsewhere it never does.
local function enter_doubt(detail, again_in)
  if not job.doubted then
    put('doubted', job.attempt)
    put('doubt_until', now + num(job.doubt_ms))
  end
  if job.state ~= 'in_doubt' then enter('in_doubt', 2, detail) end
  local last, again = num(job.doubt_until), now + again_in
  if not job.repeatable or again_in < 0 or again >= last or again >= num(job.expires_at) then
    drop('repeat_at')
    flush()
    due(last)
    return
  end
  put('repeat_at', again)
  put('seq', num(job.seq) + 1)
  flush()
  due(again)
end

-- Nobody waits for an answer any more; only a proof takes the doubt itself away.
local function end_doubt(unproved)
  if not unproved then drop('doubted') end
  drop('doubt_until'); drop('repeat_at'); drop('bounded')
end

local function clear_hold()
  drop('hold_reason'); drop('hold_until'); drop('retry_at'); drop('retry_reason')
  drop('adrift'); drop('missing'); drop('checks')
end

-- Ends the job: nothing is due any more, and its record and marker live on for
-- as long as the record says.
local function finish(state, rank, cause, detail)
  -- Its task may still lie in the queue until then, and must find how it ended.
  local rest = math.max(num(job.not_before), num(job.hold_until), now) - now
  clear_hold()
  end_doubt(rank < 9)
  drop('stands')
  drop('cancel'); drop('runs')
  put('cause', cause)
  put('ended_at', now)
  enter(state, rank, detail)
  flush()
  redis.call('ZREM', KEYS[2], id)
  redis.call('PEXPIRE', KEYS[3], str(num(job.retain_ms) + rest))
  if job.keyed == '1' then
    redis.call('HSET', KEYS[4], 'state', state)
    redis.call('PEXPIRE', KEYS[4], str(num(job.key_retain_ms) + rest))
  end
end

-- Why a job that was never sent ran out of time.
local EXPIRED_CAUSE = {
  window = 'policy_window', vendor_window = 'policy_window',
  per_number = 'policy_frequency', lockout = 'policy_frequency',
  one_at_a_time = 'policy_frequency', vendor_frequency = 'policy_frequency',
  halted = 'account', line_busy = 'busy',
}

local function expire()
  local reason = job.hold_reason or ''
  finish('expired', 9, EXPIRED_CAUSE[reason] or 'platform', 'not sent in time')
end

-- Puts the job aside until a time. A repeated hold for one reason is one line
-- of the timeline.
local function hold(till, reason, detail)
  if job.state ~= 'held' or job.hold_reason ~= reason then
    put('hold_reason', reason)
    enter('held', 0, detail and detail ~= '' and reason .. ': ' .. detail or reason)
  end
  put('hold_until', till)
  drop('missing'); drop('checks'); drop('adrift')
  due_waiting(till)
end

-- A key may name a second job when the first is forgotten, hence the creation.
local function attempt_id(n) return id .. '.' .. str(num(n)) .. '@' .. (job.created_at or '0') end

-- A number's hash: 'c:<attempt>' = when it was charged, 'fly' = the attempt in
-- flight and until when its owner may hold it, 'lock' = until when nothing dials,
-- 'keep' = how many charges it keeps, 'w:<job>' = a job held by the one in flight.
local function each_number(f)
  for i = 5, #KEYS - num(a.calls) do f(KEYS[i]) end
end

local function release(n)
  each_number(function(key)
    local fly = redis.call('HGET', key, 'fly')
    if fly and string.match(fly, '^(%S+) ') == attempt_id(n) then redis.call('HDEL', key, 'fly') end
  end)
end

-- A charge given back makes room: jobs that were held because of it are due at
-- once, and tick brings them back to their queue.
local function refund(n)
  put('refunded', n)
  each_number(function(key)
    redis.call('HDEL', key, 'c:' .. attempt_id(n))
    for field in pairs(load(key)) do
      if string.sub(field, 1, 2) == 'w:' then
        redis.call('ZADD', KEYS[2], 'XX', str(now), string.sub(field, 3))
        redis.call('HDEL', key, field)
      end
    end
  end)
end

-- The vendor counts from when it saw the attempt, which is its answer at the latest.
local function move_charge(n)
  each_number(function(key)
    if redis.call('HEXISTS', key, 'c:' .. attempt_id(n)) == 1 then
      redis.call('HSET', key, 'c:' .. attempt_id(n), str(now))
    end
  end)
end

local function keep_number(key, ttl)
  if redis.call('PTTL', key) < ttl then redis.call('PEXPIRE', key, str(ttl)) end
end

-- A binding stands. Its end is counted from the latest moment at which the
-- vendor can have made it.
local function activate(made_at, detail)
  end_doubt()
  drop('cancel'); drop('stands')
  enter('active', 5, detail)
  if num(job.ttl_ms) == 0 then
    flush()
    due(now + ENDLESS)
    return
  end
  local ends = made_at + num(job.ttl_ms)
  put('ends_at', ends)
  flush()
  due(ends)
end

local RANK = {ringing = 3, in_progress = 4}

-- What a push says of an attempt whose own answer is still to come, or of an
-- earlier one: it stands against an answer that nothing was placed.
local SEEN = {'seen', 'seen_state', 'seen_cause', 'seen_vendor_id', 'seen_poll', 'seen_give_up'}
local function forget_seen()
  for _, field in ipairs(SEEN) do drop(field) end
end

-- The call of attempt n exists, whatever its answer said: the job is that call's.
local function go_on(n, state, cause, vendor_id, poll_in, give_up_in, detail)
  put('attempt', n)
  put('placed', n)
  if vendor_id ~= '' then put('vendor_id', vendor_id) end
  forget_seen()
  if not RANK[state] then
    finish(state, 9, cause, detail)
    return
  end
  clear_hold()
  end_doubt()
  drop('cancel')
  put('seq', num(job.seq) + 1)
  put('give_up_at', now + give_up_in)
  enter(state, RANK[state], detail)
  flush()
  due(math.min(now + (poll_in > 0 and poll_in or give_up_in), num(job.give_up_at)))
end

-- The attempt in hand was placed; a repeat is the same request as what it repeats.
local function seen_placed()
  return num(job.seen) > 0 and (job.repeatable or job.seen == job.attempt)
end

local function go_on_as_seen(detail)
  go_on(num(job.seen), job.seen_state, job.seen_cause or '', job.seen_vendor_id or '',
    num(job.seen_poll), num(job.seen_give_up), detail)
end

-- A soft end came too early: the record stays until the next one.
local function revive()
  drop('ended_at'); drop('cause')
  redis.call('PERSIST', KEYS[3])
  redis.call('PERSIST', KEYS[4])
end

-- The vendor's name of a call or binding leads to its attempt, for pushes that
-- name nothing else; and a number to the binding that has it to itself. They are
-- known for at_least ms, and as long as the job lives and its record is kept.
local function index(n, at_least)
  local known = math.max(num(job.give_up_at), num(job.doubt_until), num(job.ends_at), now + at_least) - now
  if job.state == 'active' and not job.ends_at or job.stands == 'bound' then
    local ttl = num(job.ttl_ms)
    known = math.max(known, ttl > 0 and num(job.owned_until) + ttl - now or 12 * ENDLESS)
  end
  for i = #KEYS - num(a.calls) + 1, #KEYS do
    local key = KEYS[i]
    redis.call('SET', key, id .. '.' .. str(num(n)), 'PX', str(known + math.max(num(job.retain_ms), 1000)))
  end
end

-- The request took effect, whichever attempt's answer says so.
local function stand(result, detail)
  if result == 'done' then
    finish('completed', 9, '', detail)
    return
  end
  activate(now, detail)
  index(job.attempt, 0)
end

-- The vendor's words about one thing go together.
local function words()
  if a.code == '' and a.text == '' then return end
  if a.code ~= '' then put('vendor_code', a.code) else drop('vendor_code') end
  if a.text ~= '' then put('vendor_text', a.text) else drop('vendor_text') end
end

-- An action that the pump takes outside of the record.
local function brings(action, task)
  return {action, task, job.account or '', job.kind or '', job.priority or ''}
end
