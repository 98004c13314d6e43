-- probed: what the vendor said of an account, and what follows for its lane.
-- a: account, member, seq (of the planned question; 0: somebody asked beside the plan),
--    next_in (ms, until the next one), rest (ms, within which the vendor wants none),
--    asked (when it was asked), told (else only why, the reason for which it was not),
--    state, balance, overdraft, currency, why,
--    good, bad ('' or why nothing more may go out), low (too little is left; nil: not told).
-- Answers {'stale'} (another one has told since), {'kept', what changed: opened, shut,
-- low, or ''}.
-- A vendor may ask for no longer rest: a lane that is shut must not stay so unseen.
local REST_MAX = 24 * 3600 * 1000

local key = lane_key()
if a.seq > 0 then
  if num(redis.call('HGET', key, 'probe_seq') or '0') ~= a.seq then return {'stale'} end
  redis.call('HSET', key, 'probe_seq', str(a.seq + 1))
  local rest = math.min(a.rest, REST_MAX)
  -- Kept, for every worker plans the question again each minute.
  if rest > 0 then
    redis.call('HSET', key, 'probe_not_before', str(now + rest))
  else
    redis.call('HDEL', key, 'probe_not_before')
  end
  if redis.call('HEXISTS', key, 'probe_every') == 1 then
    redis.call('ZADD', KEYS[2], str(now + math.max(a.next_in, rest)), a.member)
  end
end
if not a.told then
  redis.call('HSET', key, 'probe_why', a.why)
  return {'kept', ''}
end
redis.call('HSET', key, 'probe_at', str(now), 'probe_state', a.state, 'probe_balance', a.balance,
  'probe_overdraft', a.overdraft, 'probe_currency', a.currency)
redis.call('HDEL', key, 'probe_why')
local changed = {}
if a.low then
  if redis.call('HSETNX', key, 'probe_low', '1') == 1 then changed[#changed + 1] = 'low' end
elseif a.low == false then
  redis.call('HDEL', key, 'probe_low')
end
local gate = gate_of(redis.call('HGET', key, 'g:halt'))
if a.bad ~= '' and not stands(gate) then
  shut('halt', 0, 'probe: ' .. a.bad)
  changed[#changed + 1] = 'shut'
elseif a.bad ~= '' and string.match(gate.detail, '^probe: ') then
  redis.call('HSET', key, 'g:halt', '0 ' .. str(gate.since) .. ' probe: ' .. a.bad) -- it may be for another reason now
elseif a.good and stands(gate) and gate.since <= a.asked and not string.match(gate.detail, '^config') then
  -- Not one that came after the question, and what is wrong in the configuration no
  -- account's state mends.
  redis.call('HDEL', key, 'g:halt')
  changed[#changed + 1] = 'opened'
end
return {'kept', table.concat(changed, ' ')}
