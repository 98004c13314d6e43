-- judge: what the rules say of the job's next attempt. Nothing is written here.
-- a: spans, always and limits ([{rule, limit, width} | {rule, limit, since, till}], ms),
--    free (the numbers are only taken one at a time: nothing is counted, no lock asked),
--    suppress (the keys under which its numbers would be on the suppression list).
local earliest, reason = now, ''
local found = {} -- every rule's own word, for those who ask why

-- A rule has its say: nothing before at (now or earlier: it passes).
local function say(name, at, more)
  if at > earliest then earliest, reason = at, name end
  more = more or {}
  more.rule, more.till, more.passes = name, at, at <= now
  found[#found + 1] = more
end

-- Why a number of the job must not be dialled at all, or nil.
local function suppressed()
  if #a.suppress == 0 then return nil end
  for _, value in ipairs(redis.call('HMGET', PREFIX .. 'suppressed', unpack(a.suppress))) do
    local till, why = string.match(value or '', '^(%d+) ?(.*)$')
    if till and (num(till) == 0 or num(till) > now) then return {till = num(till), why = why} end
  end
end

say('not_before', num(job.not_before))
say(job.retry_reason or 'retry', num(job.retry_at))
say('repeat', num(job.repeat_at))

-- A call to one of its numbers is in flight, until then at the most.
local flying = 0
-- Numbers with room for it if the attempt in flight proves to have placed nothing;
-- numbers that are locked; and what is known of each.
local hopeful, locked, histories = {}, {}, {}
each_number(function(key)
  local number, charges = load(key), {}
  histories[key] = number
  for field, value in pairs(number) do
    if string.sub(field, 1, 2) == 'c:' then charges[#charges + 1] = num(value) end
  end
  table.sort(charges)
  local flight, till = string.match(number.fly or '', '^(%S+) (%d+)$')
  if flight and num(till) > now then
    -- A job's own attempt in doubt keeps its numbers for the repeat.
    if not (a.free and string.sub(flight, 1, #id + 1) == id .. '.') then flying = math.max(flying, num(till)) end
  else
    flight = nil
  end
  if not a.free then
    if num(number.lock) > now then locked[key] = number end
    say('lockout', num(number.lock))
  end
  for _, limit in ipairs(a.limits) do
    local since = limit.since or (now - limit.width + 1)
    local first = #charges + 1
    while first > 1 and charges[first - 1] >= since do first = first - 1 end
    local count = #charges - first + 1
    local free_at = 0
    if count >= limit.limit then
      -- Free again when so many have left that limit - 1 remain.
      free_at = limit.till or (charges[#charges - limit.limit + 1] + limit.width)
      if flight and count == limit.limit and num(number['c:' .. flight]) >= since then hopeful[key] = number end
    end
    say(limit.rule, free_at, {count = count, limit = limit.limit, width = limit.width or 0})
  end
end)

-- Another binding leaves this one no room on its X: one that is being made, or of which
-- nobody knows yet whether it was, may make room soon; of one that stands an unbind may
-- be on its way.
local taken
if its_x() then
  local other, entry = rival(its_x())
  if other then
    taken = {job = other, open = entry.open}
    say('binding_conflict', now + (entry.open and 5000 or 1000), {detail = 'job ' .. other .. ' has it (' .. entry.state .. ')'})
  end
end

-- A hold ends in an opening of the window.
local closes
if not a.always then
  local span = opening(earliest)
  if span and span[1] <= earliest then
    closes = span[2]
  elseif earliest > now then
    earliest = math.max(earliest, span and span[1] or a.valid_until)
  end
end
