-- why: what every rule says of a waiting job, as admit would judge it now. Writes
-- nothing. Answers {now, as JSON {state, earliest, reason, rules}}, {now, 'recompute'},
-- {now} where there is no record.
if not job.state then return {str(now)} end
if now < a.valid_from or now >= a.valid_until then return {str(now), 'recompute'} end
local listed = suppressed()
found[#found + 1] = {rule = 'suppression', passes = not listed, till = listed and listed.till or 0, detail = listed and listed.why or ''}
-- Nothing the job itself waits for ends later than this.
local own, own_reason, open_end = earliest, reason, listed and 'suppression'
if not a.always then
  local span = opening(now)
  local open = span and span[1] <= now
  found[#found + 1] = {rule = 'window', passes = open, till = open and 0 or span and span[1] or a.valid_until}
end
if a.one_at_a_time then found[#found + 1] = {rule = 'one_at_a_time', passes = flying == 0, till = flying} end
if not a.anytime then
  for _, gate in ipairs(gates(job.priority or '')) do
    if gate.reason ~= 'window' and gate.reason ~= 'daily_cap' then
      found[#found + 1] = {rule = gate.reason, passes = false, till = gate.till, detail = gate.detail}
    end
    if gate.till == 0 then open_end = gate.reason
    elseif gate.till > own then own, own_reason = gate.till, gate.reason end
  end
  if a.cap > 0 then
    local count = redis.call('ZCOUNT', lane_key(':day'), str(a.cap_since), '+inf')
    found[#found + 1] = {rule = 'daily_cap', passes = count < a.cap, count = count, limit = a.cap, till = count < a.cap and 0 or a.cap_till}
  end
  if a.max_lines > 0 and a.line_for > 0 then
    local count = lines_in_use()
    found[#found + 1] = {rule = 'max_in_flight', passes = count < a.max_lines, count = count, limit = a.max_lines, till = 0}
    if count >= a.max_lines and not open_end then open_end = 'max_in_flight' end
  end
end
if a.paced then
  local slot = math.max(now, math.ceil((num(lane.tat) - (a.burst - 1) * a.step) / 1000))
  found[#found + 1] = {rule = 'rate', passes = slot <= now, till = slot, limit = a.per_second}
  if slot > own then own, own_reason = slot, 'rate' end
end
if own == now and flying > 0 and a.one_at_a_time then own_reason = 'one_at_a_time' end
return {str(now), cjson.encode({
  state = job.state, earliest = open_end and 0 or own, reason = open_end or own_reason, rules = found,
  expires = num(job.expires_at),
})}
