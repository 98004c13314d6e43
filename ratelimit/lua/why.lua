-- why: what every rule says of a waiting job, as admit would judge it now, and what
-- any other job waits for. Nothing is written.
-- a: what gates.lua and judge.lua need, and one_at_a_time, anytime, line_for (as for
--    admit), lockout (ms; 0: the rule is off), paced, rate_name, tat, step, burst,
--    per_second, horizon (of the rate that it goes by; see lease).
-- Answers {now}                 there is no record
--    {now, 'recompute'}         the numbers are of another time
--    {now, as JSON {state, earliest (0: nobody knows), reason ('': nothing stands in
--     the way), rules, expires, held, held_until}}
--    {now, as JSON {state, due, last, sent}}  it is not waiting: when it is looked at
--                               again, when that ends at the latest, and the end of its permit
if not job.state then return {str(now)} end
if num(job.rank) > 0 then
  local last = job.give_up_at
  if job.state == 'submitting' then last = job.owned_until
  elseif job.state == 'in_doubt' then last = job.doubt_until
  elseif job.state == 'active' then last = job.ends_at end
  return {str(now), cjson.encode({
    state = job.state, due = num(redis.call('ZSCORE', KEYS[2], id) or '0'), last = num(last),
    sent = num(job.send_before), again = job.state == 'in_doubt' and job.repeat_at ~= nil,
  })}
end
if now < a.valid_from or now >= a.valid_until then return {str(now), 'recompute'} end

local rules, known = {}, {}
local last, binding, endless = now, '', nil

-- A rule that does not pass and whose till is 0 has no known end.
local function add(rule)
  rules[#rules + 1] = rule
  known[rule.rule] = true
  if rule.passes then return end
  if rule.till == 0 then
    endless = endless or rule.rule
  elseif rule.till > last then
    last, binding = rule.till, rule.rule
  end
end

-- What judge found is in its order: three words about the job itself, then for each
-- number its lock and each limit.
local each = #a.limits + (a.free and 0 or 1)
for i, word in ipairs(found) do
  local listed = i == 1 and job.not_before or i == 2 and job.retry_at
  if i > 3 then
    listed = true
    if word.rule ~= 'binding_conflict' then
      word.number = math.floor((i - 4) / each) + 1
      word.quota = (i - 4) % each + (a.free and 1 or 0)
      listed = word.quota > 0 or a.lockout > 0 or not word.passes
    end
  end
  if listed then add(word) end
end
-- What puts a job off beside the rules stands in its record only. What a rule held it
-- for is for the rule to say again.
local HELD_BY_RULE = {not_before = true, lockout = true, per_number = true, one_at_a_time = true, window = true}
if job.state == 'held' and num(job.hold_until) > now and job.hold_reason
  and not known[job.hold_reason] and not HELD_BY_RULE[job.hold_reason] then
  add({rule = job.hold_reason, passes = false, till = num(job.hold_until)})
end

if not a.always then
  local span = opening(now)
  local open = span and span[1] <= now
  add({rule = 'window', passes = open and true or false, till = open and 0 or span and span[1] or a.valid_until,
    closes = open and span[2] or nil})
end
local full, trial = false, nil
if not a.anytime then
  for _, gate in ipairs(gates(job.priority or '')) do
    if gate.reason ~= 'window' and gate.reason ~= 'daily_cap' then
      add({rule = gate.reason, passes = false, till = gate.till, detail = gate.detail})
    end
  end
  trial = half_open() and trial_till()
  if trial then
    rules[#rules + 1] = {rule = 'breaker', passes = false, till = trial, detail = 'a trial call is under way'}
    known.breaker = true
  end
  for _, name in ipairs({'breaker', 'halt', 'vendor_window', 'vendor_frequency', 'operator'}) do
    if not known[name] and not known[name .. '/' .. (job.priority or '')] then
      local fails = name == 'breaker' and num(lane['b:fails']) or 0
      add({rule = name, passes = true, detail = fails > 0 and str(fails) .. ' failures in a row' or nil})
    end
  end
  if a.cap > 0 then
    local count = redis.call('ZCOUNT', lane_key(':day'), str(a.cap_since), '+inf')
    add({rule = 'daily_cap', passes = count < a.cap, till = a.cap_till, count = count, limit = a.cap})
  end
  if a.max_lines > 0 and a.line_for > 0 then
    local count = lines_in_use()
    full = count >= a.max_lines
    -- Calls end before that, as a rule.
    local free = full and redis.call('ZRANGEBYSCORE', lane_key(':lines'), '(' .. str(now), '+inf', 'WITHSCORES',
      'LIMIT', str(count - a.max_lines), '1')[2]
    rules[#rules + 1] = {rule = 'max_in_flight', passes = not full, till = num(free or '0'), count = count, limit = a.max_lines}
  end
end

-- What ends while the window is shut, ends with its next opening.
local function in_opening(at)
  if a.always then return at end
  local span = opening(at)
  return span and math.max(at, span[1]) or at
end
if binding ~= '' then last = in_opening(last) end

if a.one_at_a_time then
  rules[#rules + 1] = {rule = 'one_at_a_time', passes = flying == 0, till = flying}
  -- It is asked after again and again.
  if flying > 0 and last < now + 1000 then last, binding = now + 1000, 'one_at_a_time' end
end
if a.paced then
  local at, tat = now * 1000, num(lane[a.tat])
  if tat > at + a.horizon + (2 + a.burst) * a.step then tat = at end
  local slot = math.ceil(math.max(at, tat - (a.burst - 1) * a.step) / 1000)
  local second, of, n = math.floor(now / 1000) - 1, nil, nil
  if a.tat == 'tat' then of, n = string.match(lane['s:' .. str(second % 10)] or '', '^(%d+) (%d+)$') end
  rules[#rules + 1] = {rule = a.rate_name, passes = slot <= now, till = slot, limit = a.per_second,
    count = num(of) == second and num(n) or 0}
  if slot > last then last, binding = in_opening(slot), a.rate_name end
  if (full or trial) and binding == a.rate_name then binding = '' end
end
if binding == '' then endless = endless or full and 'max_in_flight' or trial and 'breaker' end

local listed = suppressed()
if #a.suppress > 0 then
  rules[#rules + 1] = {rule = 'suppression', passes = not listed, till = listed and listed.till or 0, detail = listed and listed.why}
end
local ends = num(job.expires_at)
if now >= ends then endless = 'expires' elseif listed then endless = 'suppression' end
rules[#rules + 1] = {rule = 'expires', passes = ends > (endless and now or last), till = ends}
return {str(now), cjson.encode({
  state = job.state, earliest = endless and 0 or last, reason = endless or binding, rules = rules, expires = ends,
  held = job.state == 'held' and job.hold_reason or '', held_until = job.state == 'held' and num(job.hold_until) or 0,
})}
