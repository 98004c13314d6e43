-- choose: takes a middle number of the account's pool for a bind job that leaves the
-- choice to us: of those without conflict the one with the fewest bindings, and of
-- these the one that was used least recently. a: pool ([[lookup key, digits], ...]).
-- Answers {'chosen'} (also where it was before), {'none'}, {'moved', state}, {'missing'}.
if not job.state then return {'missing'} end
if job.chosen then return {'chosen'} end
-- Who is over takes none: nothing would strike its entry again.
if num(job.rank) ~= 0 or job.numbers or now >= num(job.expires_at) then return {'moved', job.state} end
sweep_ledger()
local function among(list, key) return string.find(',' .. (list or '') .. ',', ',' .. key .. ',', 1, true) end
local pool = {}
for i, x in ipairs(a.pool) do
  -- A number that hides a phone is not that phone's.
  if not among(job.refused_x, x[1]) and not among(job.parties, x[1]) then
    local used = redis.call('HGET', x_key(x[1]), 'gen')
    local n = redis.call('HLEN', x_key(x[1])) - (used and 1 or 0)
    pool[#pool + 1] = {key = x[1], digits = x[2], n = n, used = num(used or '0'), i = i}
  end
end
table.sort(pool, function(x, y)
  if x.n ~= y.n then return x.n < y.n end
  if x.used ~= y.used then return x.used < y.used end
  return x.i < y.i
end)
local best
for _, x in ipairs(pool) do
  if x.n == 0 or job.mode ~= 'xa' and not rival(x.key, true) then
    best = x
    break
  end
end
if not best then return {'none'} end
put('numbers', best.key)
put('x', best.digits)
put('chosen', 1)
-- Digits only, and in what the application wrote each quote has a backslash before it.
local content = string.gsub(job.content, '"x":"auto"', '"x":"' .. best.digits .. '"', 1)
put('content', content)
next_generation()
flush()
return {'chosen'}
