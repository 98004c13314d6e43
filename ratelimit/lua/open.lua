-- open: the lane is no longer shut for these reasons; the others stay.
-- a: account, reasons ([]: every one that somebody can take away).
-- Answers the reasons that stood.
local opened = {}
local function open(reason)
  if stands(gate_of(redis.call('HGET', lane_key(), 'g:' .. reason))) then opened[#opened + 1] = reason end
  redis.call('HDEL', lane_key(), 'g:' .. reason)
  if reason == 'breaker' then redis.call('HDEL', lane_key(), 'b:fails', 'b:until', 'b:for', 'b:probe') end
  if reason == 'vendor_frequency' then redis.call('HDEL', lane_key(), 'frequent') end
  -- The time that the server tells from now on is taken for right.
  if reason == 'clock' then redis.call('DEL', KEYS[1]) end
end
if #a.reasons > 0 then
  for _, reason in ipairs(a.reasons) do open(reason) end
  return opened
end
for field in pairs(load(lane_key())) do
  local reason = string.match(field, '^g:(.*)$')
  if reason and reason ~= 'window' and reason ~= 'daily_cap' then open(reason) end
end
-- They may stand and not be noted yet.
open('breaker')
if behind > 5000 then open('clock') end
table.sort(opened)
return opened
