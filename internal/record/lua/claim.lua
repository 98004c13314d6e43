-- claim: leases up to a.limit due entries until now + a.lease ms, so that one
-- pump of the fleet works on each.
-- Answers {leased_until, member, ...}.
local till = now + a.lease
local answer = {str(till)}
local ids = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', str(now), 'LIMIT', 0, a.limit)
for i = 1, #ids do
  redis.call('ZADD', KEYS[2], str(till), ids[i])
  answer[i + 1] = ids[i]
end
return answer
