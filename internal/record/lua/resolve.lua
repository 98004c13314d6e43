-- resolve: an operator says what became of a job of which nobody else knows it.
-- a: id, as ('completed', 'failed' or 'resend'), token (of this command), text (for
--    the timeline), extend (ms that a job sent again has where its time was over).
-- KEYS 5..: the numbers that it took.
-- Answers {'resolved', state, was}, which is also what the same word about the same
-- attempt gets when it is said again; {'refused', state, why, when}, when being the
-- time of which why speaks, or 0; {'missing'}.
if not job.state then return {'missing'} end
local was, rank = job.state, num(job.rank)

local as, attempt, before, token = string.match(job.resolved or '', '^(%S+) (%d+) (%S+) (.*)$')
if as == a.as then
  local resent = a.as == 'resend' and (rank == 0 or was == 'in_doubt' and job.repeat_at)
  local stays = resent or a.as == was or a.as == 'completed' and was == 'active'
  if token == a.token or stays and num(attempt) == num(job.attempt) then return {'resolved', was, before} end
end

local function refused(why, at) return {'refused', was, why, str(at or 0)} end

if rank == 0 then return refused('it waits to be sent; nothing has to be resolved, and it can be canceled (enqueue cancel)') end
if rank == 1 then return refused('it is being sent; its worker has time', num(job.owned_until)) end
if was == 'active' then return refused('the binding stands; it can be released (enqueue unbind)') end
if rank == 9 then return refused('it has ended') end

-- Why it cannot be sent again.
local function not_again()
  if was ~= 'in_doubt' and was ~= 'unknown' then return 'the vendor accepted it; it can be resolved as completed or failed' end
  if num(job.attempt) == 0 then return 'it has nothing that could be sent again' end
  if job.cancel then return 'somebody asked to cancel it; it can be resolved as completed or failed' end
  for field in pairs(job) do
    local proved = string.match(field, '^late:(%d+)$') or job.placed
    if proved then return 'a push or a query said that attempt ' .. proved .. ' was placed; it can be resolved as completed or failed' end
  end
  if job.kind == 'unbind' and job.keeps and was == 'unknown' then
    return 'its number may belong to another binding by now; enqueue a new unbind'
  end
end

local lost = a.as == 'completed' and job.kind == 'bind' and not job.content
if lost then return refused('its content is lost, and with it for how long the binding would stand') end
if a.as == 'resend' then
  local why = not_again()
  if why then return refused(why) end
  if now < num(job.owned_until) then
    return refused('its last request may still be on its way; it can be sent again from', num(job.owned_until))
  end
end
put('resolved', table.concat({a.as, str(num(job.attempt)), was, a.token}, ' '))

if a.as ~= 'resend' then
  release(job.attempt)
  forget_seen()
  if job.kind == 'bind' and a.as == 'completed' then
    if rank == 8 then revive() end
    activate(math.max(num(job.owned_until), num(job.send_before)), a.text)
    index(job.attempt, 0)
  else
    put('evidence', 1)
    finish(a.as, 9, a.as == 'failed' and 'unknown' or '', a.text)
  end
  return {'resolved', job.state, was}
end

if rank == 8 then revive() end
if now >= num(job.expires_at) then
  put('expires_at', now + a.extend)
  a.text = a.text .. ' (its time was over: expires_at is put off)'
end
drop('runs'); drop('give_up_at')
if job.repeatable then
  -- The vendor knows it by its id: the very same request goes out again, and what it
  -- answers is about the first one, too.
  put('doubt_until', now + num(job.doubt_ms))
  drop('bounded')
  if was == 'in_doubt' then note(was, a.text, true) end
  enter_doubt(a.text, 0)
  return {'resolved', job.state, was}
end
end_doubt()
local told = job.timeline
enter('queued', 0, a.text)
if job.timeline == told then note('queued', a.text, true) end
put('adrift', 1)
put('seq', num(job.seq) + 1)
flush()
due(now)
return {'resolved', job.state, was}
