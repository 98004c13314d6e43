-- What the admission's scripts share: why the lane is shut now, and how full it is.
-- a.always (no window) or a.spans ([[opens, closes], ...] in ms, rising), a.valid_until,
-- a.cap (daily_cap; 0: none) within [a.cap_since, a.cap_till), a.max_lines (0: no limit).
local lane = load(lane_key())

-- Reasons that follow from the rules and the time. What the hash says of them is
-- for people: it may be of another moment.
local COMPUTED = {window = true, daily_cap = true, breaker = true, clock = true}

-- The opening in which a call may go out at a moment, or the next one; nil: beyond
-- what the numbers tell.
local function opening(at)
  for _, span in ipairs(a.spans) do
    if span[2] > at then return span end
  end
end

-- The breaker lets one trial out at a time when its pause is over.
local function half_open() return lane['b:until'] and num(lane['b:until']) <= now end

local function trial_till()
  local till = string.match(lane['b:probe'] or '', ' (%d+)$')
  return till and num(till) > now and num(till) or nil
end

-- The reasons for which the lane is shut to jobs of a priority (nil: to any), each
-- {reason, till (0: no known end), since, detail}.
local function gates(priority)
  local out = {}
  local function add(reason, till, since, detail)
    out[#out + 1] = {reason = reason, till = till, since = since, detail = detail}
  end
  for field, value in pairs(lane) do
    local reason, gate = string.match(field, '^g:(.*)$'), gate_of(value)
    if reason and stands(gate) and not COMPUTED[reason] then
      local of = string.match(reason, '^operator/(.*)$')
      if not of or not priority or of == priority then add(reason, gate.till, gate.since, gate.detail) end
    end
  end
  local function seen(reason)
    local gate = gate_of(lane['g:' .. reason])
    return stands(gate) and gate.since or now
  end
  if num(lane['b:until']) > now then add('breaker', num(lane['b:until']), seen('breaker'), 'too many failures in a row') end
  if not a.always then
    local span = opening(now)
    if not span or span[1] > now then add('window', span and span[1] or a.valid_until, seen('window'), '') end
  end
  if a.cap > 0 and redis.call('ZCOUNT', lane_key(':day'), str(a.cap_since), '+inf') >= a.cap then
    add('daily_cap', a.cap_till, seen('daily_cap'), str(a.cap) .. ' a day')
  end
  if behind > 5000 then
    add('clock', 0, seen('clock'), 'the time of Redis was set back by ' .. str(math.floor(behind / 1000)) ..
      ' s; it ends by itself when that has passed')
  end
  table.sort(out, function(x, y) return x.reason < y.reason end)
  return out
end

-- The one of several that ends last.
local function last_of(list)
  local last
  for _, gate in ipairs(list) do
    if not last or last.till ~= 0 and (gate.till == 0 or gate.till > last.till) then last = gate end
  end
  return last
end

local function lines_in_use() return redis.call('ZCOUNT', lane_key(':lines'), '(' .. str(now), '+inf') end
