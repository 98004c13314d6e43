-- claim_events: leases up to a.limit due events until now + a.lease ms, so that one
-- deliverer of the fleet works on each.
-- Answers {leased_until, member, the event as JSON, member, ...}.
local till = now + a.lease
local answer = {str(till)}
local names = redis.call('ZRANGEBYSCORE', PREFIX .. 'events', '-inf', str(now), 'LIMIT', 0, a.limit)
for _, name in ipairs(names) do
  local event = load(PREFIX .. 'event:' .. name)
  if event.job then
    redis.call('ZADD', PREFIX .. 'events', str(till), name)
    answer[#answer + 1] = name
    answer[#answer + 1] = cjson.encode(event)
  else
    redis.call('ZREM', PREFIX .. 'events', name)
  end
end
return answer
