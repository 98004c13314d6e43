-- claim_fetches: leases up to a.limit recordings that are due until now + a.lease ms,
-- those first that their vendor keeps for the shortest time.
-- Answers {leased_until, job, job, ...}.
local till, found = now + a.lease, {}
for _, name in ipairs(redis.call('ZRANGEBYSCORE', PREFIX .. 'fetches', '-inf', str(now), 'LIMIT', 0, 500)) do
  local last = redis.call('HGET', PREFIX .. 'job:' .. name, 'fetch_until')
  if last then
    found[#found + 1] = {name = name, last = num(last)}
  else
    redis.call('ZREM', PREFIX .. 'fetches', name) -- somebody deleted its record
  end
end
table.sort(found, function(x, y) return x.last < y.last or x.last == y.last and x.name < y.name end)
local answer = {str(till)}
for i = 1, math.min(#found, a.limit) do
  redis.call('ZADD', PREFIX .. 'fetches', str(till), found[i].name)
  answer[i + 1] = found[i].name
end
return answer
