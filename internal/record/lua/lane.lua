-- The job's lane: one hash per account, beside sets named after it. Its keys are
-- made here, of the group's prefix and the account in the record or the argument.
--   g:<reason> = '<until> <since> <detail>'  shut until then; 0: until somebody opens it
--   b:fails, b:until, b:for, b:probe         the breaker: failures in a row; open until,
--                                            for how long; '<job> <until>' of its one trial
--   frequent = '<times> <until>'             how often in a row the vendor said "too frequent",
--                                            and until when the lane was shut for it last
--   qrest = until when no queries go out
--   :lines  job -> until when it uses a line at the most
--   :day    attempt -> when it was charged to daily_cap
--   :slots  slot -> its time in microseconds, leased and not used yet

local function lane_key(part)
  return PREFIX .. 'lane:' .. (a.account or job.account or '') .. (part or '')
end

local function gate_of(value)
  local till, since, detail = string.match(value or '', '^(%d+) (%d+) ?(.*)$')
  if not till then return nil end
  return {till = num(till), since = num(since), detail = detail}
end

local function stands(gate) return gate and (gate.till == 0 or gate.till > now) end

-- shut closes the lane for a reason. A longer closure for the same reason stays.
local function shut(reason, till, detail)
  local old = gate_of(redis.call('HGET', lane_key(), 'g:' .. reason))
  local since = now
  if stands(old) then
    if old.till == 0 or till ~= 0 and till <= old.till then return end
    since = old.since
  end
  redis.call('HSET', lane_key(), 'g:' .. reason, str(till) .. ' ' .. str(since) .. ' ' .. detail)
end

-- The breaker learns what a vendor's answer says of the vendor: 'ok', 'failed', or
-- nothing of it. b: after (0: no breaker), open, max_open (ms); nil with 'ok'.
local function breaker(health, b)
  local key = lane_key()
  local lane = redis.call('HMGET', key, 'b:fails', 'b:until', 'b:for', 'b:probe')
  local trial = lane[4] and string.match(lane[4], '^(%S+) ') == id
  if health == 'ok' then
    if lane[1] or lane[2] then redis.call('HDEL', key, 'b:fails', 'b:until', 'b:for', 'b:probe') end
  elseif health == 'failed' and lane[2] and trial then
    local pause = math.min(2 * num(lane[3]), b.max_open)
    redis.call('HSET', key, 'b:until', str(now + pause), 'b:for', str(pause))
    redis.call('HDEL', key, 'b:probe')
  elseif health == 'failed' and not lane[2] and b.after > 0 then
    if num(lane[1]) + 1 >= b.after then
      redis.call('HSET', key, 'b:until', str(now + b.open), 'b:for', str(b.open))
      redis.call('HDEL', key, 'b:fails')
    else
      redis.call('HSET', key, 'b:fails', str(num(lane[1]) + 1))
    end
  elseif trial then
    redis.call('HDEL', key, 'b:probe')
  end
end

-- Too frequent: the lane is shut for base ms, twice as long each time in a row.
-- Several requests in flight are told so at once, and that is one time; a next one
-- is in a row if the lane was open for no longer than it had been shut.
local function too_frequent(base, detail)
  local lane = redis.call('HMGET', lane_key(), 'g:vendor_frequency', 'frequent')
  if stands(gate_of(lane[1])) then return end
  local times, ended = string.match(lane[2] or '', '^(%d+) (%d+)$')
  times, ended = num(times), num(ended)
  if now > ended + base * 2 ^ math.min(times - 1, 6) then times = 0 end
  local till = now + base * 2 ^ math.min(times, 6)
  redis.call('HSET', lane_key(), 'frequent', str(times + 1) .. ' ' .. str(till))
  shut('vendor_frequency', till, detail)
end

-- line keeps count of the lines in use: job.line ms from its last news at the most.
local function line(rank, state)
  if not job.line then return end
  if rank == 0 or rank >= 5 or state == 'awaiting_dial' then
    redis.call('ZREM', lane_key(':lines'), id)
    if rank >= 5 then drop('line') end -- else it may turn out to ring all the same
  elseif rank >= 2 then
    redis.call('ZADD', lane_key(':lines'), str(now + num(job.line)), id)
  end
end

-- Why the lane is shut to this job, as its hash says: the reason that ends last.
local function lane_reason()
  local reason, last
  local flat = redis.call('HGETALL', lane_key())
  for i = 1, #flat, 2 do
    local name, gate = string.match(flat[i], '^g:(.*)$'), gate_of(flat[i + 1])
    local of = name and string.match(name, '/(.*)$')
    if name and stands(gate) and (not of or of == job.priority) then
      local till = gate.till == 0 and math.huge or gate.till
      if not last or till > last or till == last and name < reason then reason, last = name, till end
    end
  end
  return reason or ''
end
