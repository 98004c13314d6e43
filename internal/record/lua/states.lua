-- How a record goes from state to state, and what is due for it then.
-- Lines of the timeline are bounded; the ends of a job always get one.
local function note(state, detail, always)
  local n = num(job.timeline)
  if n >= 60 and not always then return end
  put('timeline', n + 1)
  put('at:' .. str(n + 1), str(now) .. ' ' .. state .. ' ' .. (detail or ''))
end

-- The one next step of a record that is not final.
local function due(at) redis.call('ZADD', KEYS[2], str(at), id) end

local CHECK, CHECK_MAX = 120000, 1920000

-- What has no end is looked at again after so long.
local ENDLESS = 30 * 24 * 3600 * 1000

-- A waiting job is due at its end, or when somebody should look whether its
-- task is still alive: two minutes after it should have run, then ever later.
local function due_waiting(from)
  local at = math.max(from, now) + math.min(CHECK * 2 ^ num(job.checks), CHECK_MAX)
  due(math.min(at, num(job.expires_at)))
end

local function enter(state, rank, detail)
  tell()
  local was = job.state and num(job.rank)
  put('state', state)
  put('rank', rank)
  put('since', now)
  changed_state(was, rank)
  line(rank, state)
  note(state, detail, rank >= 2)
end

-- An attempt may have taken effect: nothing but its own answer, or evidence from
-- elsewhere, takes the doubt away. Where the vendor knows a request by its id the
-- very same one goes out again in again_in ms (-1: never); elsewhere it never does.
local function enter_doubt(detail, again_in)
  if not job.doubted then
    put('doubted', job.attempt)
    put('doubt_until', now + num(job.doubt_ms))
  end
  if job.state ~= 'in_doubt' then enter('in_doubt', 2, detail) end
  local last, again = num(job.doubt_until), now + again_in
  if not job.repeatable or again_in < 0 or again >= last or again >= num(job.expires_at) then
    drop('repeat_at')
    flush()
    due(last)
    return
  end
  put('repeat_at', again)
  put('seq', num(job.seq) + 1)
  flush()
  due(again)
end

-- Nobody waits for an answer any more; only a proof takes the doubt itself away.
local function end_doubt(unproved)
  if not unproved then drop('doubted') end
  drop('doubt_until'); drop('repeat_at'); drop('bounded')
end

local function clear_hold()
  drop('hold_reason'); drop('hold_until'); drop('retry_at'); drop('retry_reason')
  drop('adrift'); drop('missing'); drop('checks')
end

-- In which state, and until when (0: without end), a bind job's binding may stand: see
-- ledger.lua. nil: it does not.
local holding

-- For how long from now the record of a job that ends is kept: one whose binding may
-- stand all the same until that is over. nil: without end.
local function kept_for(rest)
  local state, till = holding()
  if job.kind ~= 'bind' or not state then return num(job.retain_ms) + rest end
  return till > 0 and math.max(till - now, rest) + num(job.retain_ms) or nil
end

-- Ends the job: nothing is due any more, and its record and marker live on for
-- as long as the record says.
local function finish(state, rank, cause, detail)
  -- Its task may still lie in the queue until then, and must find how it ended.
  local rest = math.max(num(job.not_before), num(job.hold_until), now) - now
  clear_hold()
  end_doubt(rank < 9)
  drop('stands')
  drop('cancel'); drop('runs')
  put('cause', cause)
  put('ended_at', now)
  redial(state, cause)
  enter(state, rank, detail)
  flush()
  redis.call('ZREM', KEYS[2], id)
  -- One whose recording is still to be fetched stays until it is.
  local kept = kept_for(rest)
  if job.fetch ~= 'due' and kept then redis.call('PEXPIRE', KEYS[3], str(kept)) end
  if job.keyed == '1' then
    redis.call('HSET', KEYS[4], 'state', state)
    redis.call('PEXPIRE', KEYS[4], str(num(job.key_retain_ms) + rest))
  end
end

-- Why a job that was never sent ran out of time.
local EXPIRED_CAUSE = {
  window = 'policy_window', vendor_window = 'policy_window',
  per_number = 'policy_frequency', lockout = 'policy_frequency', daily_cap = 'policy_frequency',
  one_at_a_time = 'policy_frequency', vendor_frequency = 'policy_frequency',
  halted = 'account', halt = 'account', line_busy = 'busy', no_number = 'binding_conflict', binding_conflict = 'binding_conflict',
}

local function expire()
  local reason = job.state == 'held' and num(job.hold_until) > now and job.hold_reason or lane_reason()
  if reason == '' then reason = job.hold_reason or '' end
  finish('expired', 9, EXPIRED_CAUSE[reason] or 'platform', reason == '' and 'not sent in time' or 'not sent in time: ' .. reason)
end

-- Puts the job aside until a time. A repeated hold for one reason is one line
-- of the timeline.
local function hold(till, reason, detail)
  if job.state ~= 'held' or job.hold_reason ~= reason then
    put('hold_reason', reason)
    enter('held', 0, detail and detail ~= '' and reason .. ': ' .. detail or reason)
  end
  put('hold_until', till)
  drop('missing'); drop('checks'); drop('adrift')
  due_waiting(till)
end
