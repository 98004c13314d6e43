-- admit: the only door to a vendor. Decides about one attempt, charges every
-- rule and writes the intent, or says until when the job must wait.
-- a: id, attempt (the number it would get), token, phase ('ask' or 'go'),
--    waited (a number in flight was waited for long enough),
--    valid_from, valid_until (the span in which the numbers below hold),
--    always (no window) or spans ([[opens, closes], ...] in ms, rising),
--    limits ([{rule, limit, width} | {rule, limit, since, till}]), keep, number_ttl,
--    one_at_a_time, permit, timeout, grace, doubt (ms),
--    free (the numbers are only taken one at a time: nothing is counted, no lock asked),
--    repeatable (the vendor knows the request by its id),
--    keeps (in doubt it keeps its numbers).
-- Answers
--    {'go', now, ms_left, send_before}   the permit; the same token asking again gets the same
--    {'ready', now}                      phase 'ask': nothing stands in the way now
--    {'hold', now, until, reason}        the record says so too
--    {'wait', now}                       a call to this number is in flight: ask again soon
--    {'recompute', now}                  the numbers are of another time
--    {'busy', now, until}                another handler is sending it
--    {'over', now, state}                nothing is to be sent
--    {'stale', now, attempt}             the record is at another attempt: read it again
--    {'missing', now}
if not job.state then return {'missing', str(now)} end
drop('runs')

local rank = num(job.rank)
if job.state == 'submitting' then
  flush()
  if job.token == a.token and num(job.attempt) == a.attempt then
    return {'go', str(now), str(num(job.send_before) - now), job.send_before}
  end
  return {'busy', str(now), job.owned_until}
end
local doubt = job.state == 'in_doubt' and job.repeat_at and a.repeatable
if rank > 0 and not doubt then flush(); return {'over', str(now), job.state} end
if num(job.attempt) + 1 ~= a.attempt then flush(); return {'stale', str(now), job.attempt} end
-- A job in doubt stays that, and the outbox brings the next repeat.
local function later_in_doubt(at)
  enter_doubt('', at - now)
  return {'over', str(now), job.state}
end
if doubt and now >= num(job.expires_at) then return later_in_doubt(now) end
if now >= num(job.expires_at) then
  expire()
  return {'over', str(now), job.state}
end
if now < a.valid_from or now >= a.valid_until then
  flush()
  return {'recompute', str(now)}
end

local earliest, reason = now, ''
local function later(at, why)
  if at > earliest then earliest, reason = at, why end
end
later(num(job.not_before), 'not_before')
later(num(job.retry_at), job.retry_reason or 'retry')
later(num(job.repeat_at), 'repeat')

local flying, hopeful, histories = false, {}, {}
each_number(function(key)
  local number, charges = load(key), {}
  histories[key] = number
  for field, value in pairs(number) do
    if string.sub(field, 1, 2) == 'c:' then charges[#charges + 1] = num(value) end
  end
  table.sort(charges)
  local flight, till = string.match(number.fly or '', '^(%S+) (%d+)$')
  if flight and num(till) > now then
    -- A job's own attempt in doubt keeps its numbers for the repeat.
    if not (a.free and string.sub(flight, 1, #id + 1) == id .. '.') then
      flying = true
    end
  else
    flight = nil
  end
  if not a.free then later(num(number.lock), 'lockout') end
  for _, rule in ipairs(a.limits) do
    local since = rule.since or (now - rule.width + 1)
    local first = #charges + 1
    while first > 1 and charges[first - 1] >= since do first = first - 1 end
    local count = #charges - first + 1
    if count >= rule.limit then
      -- Free again when so many have left that limit - 1 remain.
      later(rule.till or (charges[#charges - rule.limit + 1] + rule.width), rule.rule)
      -- There is room sooner if the attempt in flight proves to have placed nothing.
      if flight and count == rule.limit and num(number['c:' .. flight]) >= since then hopeful[key] = number end
    end
  end
end)

local closes
if not a.always then
  local opens = a.valid_until
  for _, span in ipairs(a.spans) do
    if span[2] > earliest then
      opens, closes = span[1], span[2]
      break
    end
  end
  if not closes or opens > earliest then
    if earliest == now then reason = 'window' end
    earliest = math.max(earliest, opens)
  end
end

if doubt and earliest > now then return later_in_doubt(earliest) end
if earliest > now then
  for key, number in pairs(hopeful) do
    local hoping = 0
    for field in pairs(number) do
      if string.sub(field, 1, 2) == 'w:' then hoping = hoping + 1 end
    end
    -- One refund makes room for one job; the rest of these are spares.
    if hoping < 8 then redis.call('HSET', key, 'w:' .. id, '1') end
  end
  hold(earliest, reason)
  flush()
  return {'hold', str(now), str(earliest), reason}
end
if a.one_at_a_time and flying then
  if not a.waited then flush(); return {'wait', str(now)} end
  local at = now + 1000
  if doubt then return later_in_doubt(at) end
  hold(at, 'one_at_a_time')
  flush()
  return {'hold', str(now), str(at), 'one_at_a_time'}
end
if a.phase == 'ask' then
  flush()
  return {'ready', str(now)}
end

local send_before = math.min(now + a.permit, num(job.expires_at))
if closes then send_before = math.min(send_before, closes) end
local owned_until = send_before + a.timeout + a.grace

-- The vendor may count the attempt until its last byte can be answered; settle
-- moves the charge to when it was, and no settle leaves it where it is safe.
local charged_at = send_before + a.timeout
local me = attempt_id(a.attempt)
local flight = me .. ' ' .. str(owned_until)
if a.free then
  -- While it is not known what became of it, nobody else takes the number: what he
  -- does there, a repeat would undo.
  if a.keeps then flight = me .. ' ' .. str(owned_until + a.doubt) end
  each_number(function(key)
    redis.call('HSET', key, 'fly', flight)
    keep_number(key, a.number_ttl)
  end)
else each_number(function(key)
  local number, charges = histories[key], {}
  number['c:' .. me] = str(charged_at)
  for field, value in pairs(number) do
    if string.sub(field, 1, 2) == 'c:' then charges[#charges + 1] = {num(value), field} end
    if string.sub(field, 1, 2) == 'w:' then redis.call('HDEL', key, field) end
  end
  -- Another account of the group may count further back than this one.
  local keep = math.max(num(number.keep), a.keep)
  redis.call('HSET', key, 'c:' .. me, str(charged_at), 'fly', flight, 'keep', str(keep))
  if #charges > keep then
    table.sort(charges, function(x, y) return x[1] < y[1] end)
    for i = 1, #charges - keep do redis.call('HDEL', key, charges[i][2]) end
  end
  keep_number(key, a.number_ttl)
end) end

clear_hold()
if doubt then
  put('repeats', num(job.repeats) + 1)
  drop('repeat_at')
end
if a.repeatable then put('repeatable', 1) else drop('repeatable') end
if a.free and a.keeps then put('keeps', 1) else drop('keeps') end
if not doubt then
  drop('vendor_id')
  forget_seen()
end
drop('vendor_task'); drop('evidence'); drop('refunded')
put('attempt', a.attempt)
put('token', a.token)
put('send_before', send_before)
put('owned_until', owned_until)
put('doubt_ms', a.doubt)
put('number_ttl', a.number_ttl)
enter('submitting', 1, 'attempt ' .. str(a.attempt))
flush()
due(owned_until)
return {'go', str(now), str(send_before - now), str(send_before)}
