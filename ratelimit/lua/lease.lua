-- lease: slots of a lane's rate for one process. GCRA: a slot conforms when it is
-- not earlier than the theoretical arrival time less the burst.
-- a: account, kept (go asks for the slot), n (how many at the most), tat (which rate:
--    a field of the lane's hash), step (between two calls), lead (no slot before that),
--    horizon (none after), rest (who got fewer than he wanted leaves the lane alone for
--    so long), all in microseconds, burst, gated (not while the lane is shut or full),
--    and what gates.lua needs.
-- Answers
--    {'slots', now, ask_at, slot, time, slot, time, ...}  times in microseconds; ask
--                                           again at ask_at (ms) for more
--    {'gate', now, until, reason}           nothing goes out; until 0: no known end
--    {'recompute', now}                     the numbers are of another time
if a.gated and (now < a.valid_from or now >= a.valid_until) then return {'recompute', str(now)} end
local at, n = now * 1000, a.n
if a.gated then
  -- A single queue that somebody paused is its jobs' affair.
  local gate = last_of(gates(''))
  if gate then return {'gate', str(now), str(gate.till), gate.reason} end
  if half_open() then n = trial_till() and 0 or 1 end
  if a.max_lines > 0 then
    local promised = redis.call('ZCOUNT', lane_key(':slots'), str(at - 100000), '+inf')
    n = math.max(0, math.min(n, a.max_lines - lines_in_use() - promised))
  end
end

if a.tat == 'qtat' and num(lane.qrest) > now then return {'gate', str(now), lane.qrest, 'vendor_frequency'} end

local tat, answer = num(lane[a.tat]), {}
-- No lease reaches further: the time was set back since.
if tat > at + a.horizon + 2 * a.step + a.burst * a.step then tat = at end
local slack = (a.burst - 1) * a.step
while #answer < 2 * n do
  local slot = math.max(at + a.lead, tat - slack)
  if slot > at + a.horizon then break end
  tat = math.max(tat, slot) + a.step
  answer[#answer + 1] = ''
  answer[#answer + 1] = str(slot)
end
if #answer > 0 then
  redis.call('HSET', lane_key(), a.tat, str(tat))
  if a.kept then
    local first = redis.call('HINCRBY', lane_key(), 'slots', #answer / 2) - #answer / 2
    local add = {}
    for i = 1, #answer, 2 do
      answer[i] = str(first + (i + 1) / 2)
      add[#add + 1] = answer[i + 1]
      add[#add + 1] = answer[i]
    end
    redis.call('ZREMRANGEBYSCORE', lane_key(':slots'), '-inf', str(at - 60000000))
    redis.call('ZADD', lane_key(':slots'), unpack(add))
  end
end
-- When the next slot comes within reach; for who got fewer than he wanted, some
-- more. What frees a line, or ends a trial, may take long.
local later = (tat - slack - a.horizon) / 1000
if n < a.n then later = math.max(later, now + 400)
elseif #answer < 2 * n then later = math.max(later, now) + a.rest / 1000 end
return {'slots', str(now), str(math.ceil(math.max(later, now))), unpack(answer)}
