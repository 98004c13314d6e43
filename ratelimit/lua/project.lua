-- project: why the lane is shut and until when, for those who pause its queues and
-- for people; the reasons that follow from rules and time are noted in its hash.
-- a: account, peek (write nothing), and what gates.lua needs.
-- Answers {now, next, lines, reasons as JSON, the lane's hash as JSON, behind} with
-- next the time at which that may change by itself and behind how far the server's
-- own time is behind now, or {now, 'recompute'}.
if now < a.valid_from or now >= a.valid_until then return {str(now), 'recompute'} end
local list, next, named = gates(), a.valid_until, {}
-- Nobody's queue is paused for that, but people want to know.
if a.peek and half_open() and trial_till() then
  list[#list + 1] = {reason = 'breaker', till = trial_till(), since = num(lane['b:until']), detail = 'one trial call is under way', trial = true}
end
local function sooner(at) if at > now and at < next then next = at end end
for _, gate in ipairs(list) do
  named[gate.reason] = gate
  sooner(gate.till)
end
if not a.always then
  local span = opening(now)
  if span then sooner(span[1] > now and span[1] or span[2]) end
end
if not a.peek then
  for field in pairs(lane) do
    local reason = string.match(field, '^g:(.*)$')
    if reason and not named[reason] then redis.call('HDEL', lane_key(), field) end
  end
  for reason, gate in pairs(named) do
    local value = str(gate.till) .. ' ' .. str(gate.since) .. ' ' .. gate.detail
    if COMPUTED[reason] and lane['g:' .. reason] ~= value then redis.call('HSET', lane_key(), 'g:' .. reason, value) end
  end
end
local reasons = #list > 0 and cjson.encode(list) or '[]'
lane[''] = ''
return {str(now), str(next), str(lines_in_use()), reasons, cjson.encode(lane), str(behind)}
