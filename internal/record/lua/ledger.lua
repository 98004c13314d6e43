-- The ledger of middle numbers: which bindings may stand on an X, as far as anybody
-- knows. What stands in it follows from the records of bind jobs alone, and is written
-- with every change of one.
--   x:<number>  job -> its entry as JSON: gen, state, mode, until (ms; 0: without end), a
--               and b (lookup keys), account, and xm, am, bm for people; gen -> the
--               generation that was given last
--   bindings    <number>/<job> -> until (NEVER: without end)
local NEVER = 8640000000000000
local X_KEPT = 7 * 24 * 3600 * 1000 -- how long it is remembered when an idle X was used last
local SWEPT = 16

local function x_key(number) return PREFIX .. 'x:' .. number end

-- The middle number of this bind job; nil: it has none (yet).
local function its_x()
  return job.kind == 'bind' and job.numbers and string.match(job.numbers, '^[^,]+') or nil
end

-- From the latest moment at which the vendor can have made the binding; 0: without end.
local function end_from_last_request()
  local ttl = num(job.ttl_ms)
  return ttl > 0 and math.max(num(job.owned_until), num(job.send_before)) + ttl or 0
end

-- Whether the job's binding may stand: in which state, and until when.
holding = function()
  local state = job.state
  if state == 'submitting' then return 'sent', end_from_last_request() end
  if state == 'in_doubt' then return state, end_from_last_request() end
  if state == 'unknown' and num(job.attempt) > 0 then return state, end_from_last_request() end
  if state == 'active' then return state, num(job.ends_at) end
  if job.rank == '0' and job.chosen then return 'chosen', num(job.expires_at) end
end

local function over(till) return till > 0 and till <= now end

local function strike(number, of)
  local key = x_key(number)
  redis.call('ZREM', PREFIX .. 'bindings', number .. '/' .. of)
  if redis.call('HDEL', key, of) == 1 and redis.call('HLEN', key) <= 1 then redis.call('PEXPIRE', key, str(X_KEPT)) end
end

-- Those of which nobody knew whether they stood have no other end than their time.
local function sweep_ledger()
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', PREFIX .. 'bindings', '-inf', str(now), 'LIMIT', 0, SWEPT)) do
    strike(string.match(member, '^(.-)/(.*)$'))
  end
end

book = function()
  local number = its_x()
  if not number then return end
  local state, till = holding()
  if not state or over(till) then
    strike(number, id)
    return
  end
  local one, two = string.match(job.parties or '', '^([^,]*),?(.*)$')
  local entry = cjson.encode({
    gen = num(job.gen), state = state, mode = job.mode or 'axb', ['until'] = till, a = one, b = two,
    account = job.account or '', xm = job.x or '', am = job.from or '', bm = job.to or '',
  })
  redis.call('HSET', x_key(number), id, entry)
  redis.call('PERSIST', x_key(number))
  redis.call('ZADD', PREFIX .. 'bindings', str(till > 0 and till or NEVER), number .. '/' .. id)
  sweep_ledger()
end

-- A new generation of the job's X: whatever had it before is older.
local function next_generation()
  local key = x_key(its_x())
  local gen = math.max(now, num(redis.call('HGET', key, 'gen') or '0') + 1)
  redis.call('HSET', key, 'gen', str(gen))
  put('gen', gen)
end

-- give_x_back: the number that was chosen for this bind is none for it any more. The
-- next request is another one, for whatever is chosen then.
local function give_x_back(request_id)
  strike(its_x(), id)
  local from, to = string.find(job.content, '"x":"' .. job.x .. '"', 1, true)
  put('content', string.sub(job.content, 1, from - 1) .. '"x":"auto"' .. string.sub(job.content, to + 1))
  put('request_id', request_id)
  drop('numbers'); drop('x'); drop('chosen'); drop('gen')
end

-- rival is the job whose binding leaves this one no room on the number: on an X that
-- leads to one, any other that does; and one of which a number is the same. One that
-- stands goes before one that may yet turn out not to. apart: no two modes on one X.
local function rival(number, apart)
  local one, two = string.match(job.parties or '', '^([^,]*),?(.*)$')
  local mode, found, it = job.mode or 'axb', nil, nil
  local function mine(key) return key ~= '' and (key == one or key == two) end
  local function has(text, part) return part and part ~= '' and string.find(text, part, 1, true) end
  local function clash(entry)
    if mine(entry.a) or mine(entry.b) or mode == 'xa' and entry.mode == 'xa' then return true end
    return apart and (mode == 'xa' or entry.mode == 'xa')
  end
  for other, text in pairs(load(x_key(number))) do
    -- Of hundreds of pairs few are read: that takes ten times as long as to look.
    local may = mode == 'xa' or has(text, one) or has(text, two) or apart and has(text, '"mode":"xa"')
    local entry = may and other ~= 'gen' and other ~= id and cjson.decode(text)
    if entry and not over(entry['until']) and clash(entry) then
      local open = entry.state == 'sent' or entry.state == 'in_doubt'
      if not found or it.open and not open or it.open == open and other < found then
        found, it = other, {open = open, state = entry.state}
      end
    end
  end
  return found, it
end
