-- What became of an attempt, and what leads to its call or binding.

-- An unbind that waits for this binding to be told, or named, need not wait any more.
local function wake_unbind()
  if not job.unbind then return end
  redis.call('ZADD', KEYS[2], 'XX', str(now), job.unbind)
  drop('unbind')
end

-- The latest moment at which the vendor can have taken the request, whose answer may
-- be told long after.
local function last_start() return math.min(now, math.max(num(job.owned_until), num(job.send_before))) end

-- A binding stands. Its end is counted from the latest moment at which the
-- vendor can have made it.
local function activate(made_at, detail)
  end_doubt()
  drop('cancel'); drop('stands')
  wake_unbind()
  enter('active', 5, detail)
  if num(job.ttl_ms) == 0 then
    flush()
    due(now + ENDLESS)
    return
  end
  local ends = made_at + num(job.ttl_ms)
  put('ends_at', ends)
  flush()
  due(ends)
end

local RANK = {submitted = 2, ringing = 3, in_progress = 4}

-- What a push says of an attempt whose own answer is still to come, or of an
-- earlier one: it stands against an answer that nothing was placed.
local SEEN = {'seen', 'seen_state', 'seen_cause', 'seen_vendor_id', 'seen_poll', 'seen_give_up', 'seen_file', 'seen_until'}
local function forget_seen()
  for _, field in ipairs(SEEN) do drop(field) end
end

-- The call of attempt n exists, whatever its answer said: the job is that call's.
local function go_on(n, state, cause, vendor_id, poll_in, give_up_in, detail)
  put('attempt', n)
  put('placed', n)
  if vendor_id ~= '' then put('vendor_id', vendor_id) end
  forget_seen()
  if not RANK[state] then
    finish(state, 9, cause, detail)
    return
  end
  clear_hold()
  end_doubt()
  drop('cancel')
  put('seq', num(job.seq) + 1)
  put('give_up_at', now + give_up_in)
  enter(state, RANK[state], detail)
  flush()
  due(math.min(now + (poll_in > 0 and poll_in or give_up_in), num(job.give_up_at)))
end

-- remember_seen keeps what is said of attempt n until its own answer comes.
local function remember_seen(n, state, cause, vendor_id, poll_in, give_up_in)
  put('seen', n)
  put('seen_state', state)
  put('seen_cause', cause)
  put('seen_vendor_id', vendor_id)
  put('seen_poll', poll_in)
  put('seen_give_up', give_up_in)
end

-- The attempt in hand was placed; a repeat is the same request as what it repeats.
local function seen_placed()
  return num(job.seen) > 0 and (job.repeatable or job.seen == job.attempt)
end

local function go_on_as_seen(detail)
  local file, keep = job.seen_file, num(job.seen_until) - now
  go_on(num(job.seen), job.seen_state, job.seen_cause or '', job.seen_vendor_id or '',
    num(job.seen_poll), num(job.seen_give_up), detail)
  if file then want_file({path = file, after = 0, keep = keep}) end
end

-- A soft end came too early: the record stays until the next one.
local function revive()
  drop('ended_at'); drop('cause')
  redis.call('PERSIST', KEYS[3])
  redis.call('PERSIST', KEYS[4])
end

-- The vendor's name of a call or binding leads to its attempt, for pushes that
-- name nothing else; and a number to the binding that has it to itself. They are
-- known for at_least ms, and as long as the job lives and its record is kept.
local function index(n, at_least)
  local known = math.max(num(job.give_up_at), num(job.doubt_until), num(job.ends_at), now + at_least) - now
  if job.state == 'active' and not job.ends_at or job.stands == 'bound' then
    local ttl = num(job.ttl_ms)
    known = math.max(known, ttl > 0 and num(job.owned_until) + ttl - now or 12 * ENDLESS)
  end
  for i = #KEYS - num(a.calls) + 1, #KEYS do
    local key = KEYS[i]
    redis.call('SET', key, id .. '.' .. str(num(n)), 'PX', str(known + math.max(num(job.retain_ms), 1000)))
  end
end

-- The request took effect, whichever attempt's answer says so.
local function stand(result, detail)
  if result == 'done' then
    finish('completed', 9, '', detail)
    return
  end
  activate(last_start(), detail)
  index(job.attempt, 0)
end

-- The vendor's words about one thing go together.
local function words()
  if a.code == '' and a.text == '' then return end
  if a.code ~= '' then put('vendor_code', a.code) else drop('vendor_code') end
  if a.text ~= '' then put('vendor_text', a.text) else drop('vendor_text') end
end

-- An action that the pump takes outside of the record.
local function brings(action, task)
  return {action, task, job.account or '', job.kind or '', job.priority or ''}
end
