-- admit, at its end: the decision, and where it is go, every charge at once.

-- For how long a bind waits for a binding that stands in its way to be released; longer
-- while something is done to its number, which may be the release.
local CONFLICT_PATIENCE = 10000

local listed = suppressed()
if listed and doubt then
  note(job.state, 'not sent again: its number is on the suppression list: ' .. listed.why, true)
  enter_doubt('', -1)
  return {'over', str(now), job.state}
end
if listed then
  finish('failed', 9, 'suppressed', 'its number is on the suppression list: ' .. listed.why)
  return {'over', str(now), job.state}
end
if not taken or taken.open then
  drop('conflict_since'); drop('conflict_with')
elseif not doubt and job.conflict_with ~= taken.job then
  put('conflict_with', taken.job)
  put('conflict_since', now)
elseif not doubt and flying == 0 and now - num(job.conflict_since) >= CONFLICT_PATIENCE then
  finish('failed', 9, 'binding_conflict', 'its X is taken: ' ..
    (job.mode == 'xa' and 'it leads to a phone' or 'A or B is bound on it') .. ' by job ' .. taken.job)
  return {'over', str(now), job.state}
end
if doubt and earliest > now then return later_in_doubt(earliest) end
if earliest > now then
  -- One refund makes room for one job; the rest of these are spares.
  -- A lock that is lifted makes room for all.
  local function wake_by(prefix, numbers, most)
    for key, number in pairs(numbers) do
      local there = {}
      for field in pairs(number) do
        if string.sub(field, 1, 2) == prefix then there[#there + 1] = field end
      end
      local room = #there < most
      for i = 1, room and 0 or #there do
        -- Who has ended waits no longer.
        if not redis.call('ZSCORE', KEYS[2], string.sub(there[i], 3)) then
          redis.call('HDEL', key, there[i])
          room = true
        end
      end
      if room then redis.call('HSET', key, prefix .. id, '1') end
    end
  end
  wake_by('w:', hopeful, 8)
  if reason == 'lockout' then wake_by('l:', locked, 100) end
  hold(earliest, reason)
  flush()
  return {'hold', str(now), str(earliest), reason}
end
local gate = not a.anytime and last_of(gates(job.priority or ''))
if gate then
  if doubt then return later_in_doubt(gate.till == 0 and now + 30000 or math.max(now + 1000, math.min(gate.till, now + 60000))) end
  if job.state == 'reserved' then put('state', 'queued') end
  flush()
  return {'gate', str(now), str(gate.till), gate.reason}
end
if a.one_at_a_time and flying > 0 then
  if not a.waited then flush(); return {'wait', str(now)} end
  local at = now + 1000
  if doubt then return later_in_doubt(at) end
  hold(at, 'one_at_a_time')
  flush()
  return {'hold', str(now), str(at), 'one_at_a_time'}
end
if a.phase == 'ask' then
  if a.paced and not doubt then put('state', 'reserved') end
  flush()
  return {'ready', str(now)}
end

local send_before = math.min(now + a.permit, num(job.expires_at))
if closes then send_before = math.min(send_before, closes) end
local slot_at = now
local function again()
  flush()
  return {'again', str(now)}
end
if not a.anytime and (half_open() and trial_till()
  or a.max_lines > 0 and a.line_for > 0 and lines_in_use() >= a.max_lines) then return again() end
if a.paced then
  local leased = a.slot ~= '' and redis.call('ZSCORE', lane_key(':slots'), a.slot)
  if not leased then return again() end
  redis.call('ZREM', lane_key(':slots'), a.slot)
  slot_at = math.ceil(num(leased) / 1000)
  -- One far ahead was leased before the time was set back.
  if now >= slot_at + a.late or slot_at > now + 2000 then return again() end
  send_before = math.min(send_before, slot_at + a.late)
end
local owned_until = send_before + a.timeout + a.grace
if half_open() and not a.anytime then redis.call('HSET', lane_key(), 'b:probe', id .. ' ' .. str(owned_until)) end
if a.line_for > 0 then
  redis.call('ZADD', lane_key(':lines'), str(owned_until), id)
  put('line', a.line_for)
end
if a.cap > 0 and not a.anytime then
  redis.call('ZADD', lane_key(':day'), str(now), attempt_id(a.attempt))
  redis.call('ZREMRANGEBYRANK', lane_key(':day'), 0, -2 * a.cap - 65)
  put('capped', 1)
end
-- How much of the rate is used, for people: calls in each of the last ten seconds.
local second = math.floor(now / 1000)
local of, n = string.match(lane['s:' .. str(second % 10)] or '', '^(%d+) (%d+)$')
redis.call('HSET', lane_key(), 's:' .. str(second % 10), str(second) .. ' ' .. str((num(of) == second and num(n) or 0) + 1))

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
    if field == 'w:' .. id or field == 'l:' .. id then redis.call('HDEL', key, field) end
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
put('slot_at', slot_at)
put('owned_until', owned_until)
put('doubt_ms', a.doubt)
put('number_ttl', a.number_ttl)
if a.redial ~= '' then put('redial_policy', a.redial) else drop('redial_policy') end
if its_x() and not doubt then next_generation() end
enter('submitting', 1, 'attempt ' .. str(a.attempt))
flush()
due(owned_until)
return {'go', str(now), str(send_before - now), str(send_before), str(math.max(0, slot_at - now))}
