-- choose: takes a middle number of the account's pool for a bind job that leaves the
-- choice to us: of those without conflict the one with the fewest bindings, and of
-- these the one that was used least recently. a: pool ([[lookup key, digits], ...]).
-- Answers {'chosen'} (also where it was before), {'none'}, {'moved', state}, {'missing'}.
if not job.state then return {'missing'} end
if job.chosen then return {'chosen'} end
if num(job.rank) ~= 0 or job.numbers or now >= num(job.expires_at) then return {'moved', job.state} end
local best, fewest, oldest
for _, x in ipairs(a.pool) do
  local refused = string.find(',' .. (job.refused_x or '') .. ',', ',' .. x[1] .. ',', 1, true)
  if not refused and not rival(x[1], true) then
    local n, used = 0, num(redis.call('HGET', x_key(x[1]), 'gen') or '0')
    each_holder(x[1], function() n = n + 1 end)
    if not best or n < fewest or n == fewest and used < oldest then best, fewest, oldest = x, n, used end
  end
end
if not best then return {'none'} end
put('numbers', best[1])
put('x', best[2])
put('chosen', 1)
-- Digits only, and in what the application wrote each quote has a backslash before it.
local content = string.gsub(job.content, '"x":"auto"', '"x":"' .. best[2] .. '"', 1)
put('content', content)
next_generation()
flush()
return {'chosen'}
