-- Calling again, where the account wants it, whoever was busy or did not answer: a job
-- of its own, made in the script that ends the one before it. job.redial_policy has the
-- milliseconds to wait by cause, or by state, and max, how often.

-- Nobody is ever called again for these, whatever the policy says.
local NO_REDIAL = {
  answered = true, early_hangup = true, invalid_number = true, number_changed = true, rejected = true, barred = true,
  suppressed = true, self_call = true, caller_hangup = true, incompatible = true, canceled = true, poison = true,
}

local function may_redial(state, cause)
  return (state == 'busy' or state == 'no_answer' or state == 'failed') and not NO_REDIAL[cause or '']
end

-- What the job that calls again has of the one before it.
local HANDED_ON = {
  'account', 'vendor', 'kind', 'priority', 'content', 'numbers', 'to', 'from', 'retain_ms', 'key_retain_ms',
  'tags', 'event_url', 'tells', 'expires_at',
}

-- answered_elsewhere says that a job's call had somebody on the phone whatever its end
-- says: by another attempt of it, or by another call of its connection.
local function answered_elsewhere(of)
  for field in pairs(of) do
    if field == 'extra_answered' or string.match(field, '^late:') then return true end
  end
end

-- unused_redial is an id for the n-th redial of a call: another one may lie under the
-- first name, of an earlier job that had the same key.
local function unused_redial(n)
  local first = job.redial_of and string.match(id, '^(.*)r%d+$') or id
  for series = 0, 9 do
    local again = first .. 'r' .. str(n + 100 * series)
    if redis.call('EXISTS', PREFIX .. 'job:' .. again) == 0 then return again end
  end
end

-- redial makes the job that calls again after this one, which ends so, and says which.
-- Only what the vendor called: a call that it refused has its own tries.
local function redial(state, cause)
  if not job.redial_policy or job.redial or not job.placed or not may_redial(state, cause) or answered_elsewhere(job) then return end
  local policy = cjson.decode(job.redial_policy)
  local n = num(job.redial_number) + 1
  local wait = policy[cause] or state ~= 'failed' and policy[state]
  if not wait or n > policy.max or now + wait >= num(job.expires_at) then return end
  local again, at = unused_redial(n), str(now + wait)
  if not again then return end
  local made = {
    'state', 'held', 'rank', '0', 'since', str(now), 'created_at', str(now), 'attempt', '0', 'keyed', '0',
    'not_before', at, 'hold_until', at, 'hold_reason', 'redial', 'redial_of', id, 'redial_number', str(n),
    'seq', '1', 'adrift', '1', 'timeline', '1', 'at:1', str(now) .. ' held redial: ' .. id .. ' ended ' .. state,
  }
  for _, field in ipairs(HANDED_ON) do
    if job[field] then
      made[#made + 1] = field
      made[#made + 1] = job[field]
    end
  end
  redis.call('HSET', PREFIX .. 'job:' .. again, unpack(made))
  redis.call('ZADD', KEYS[2], at, again)
  put('redial', again)
end

-- answered_before names the call before this one, or one before that, which was answered
-- after all or turned out to be none that may be made again; nil: there is none.
local function answered_before()
  local before = job.redial_of
  for _ = 1, 10 do
    if not before then return end
    local call = load(PREFIX .. 'job:' .. before)
    if call.state and (not may_redial(call.state, call.cause) or answered_elsewhere(call)) then return before end
    before = call.redial_of
  end
end
