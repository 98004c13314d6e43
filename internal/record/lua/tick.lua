-- tick: the pump found this record due and leased it until a.leased.
-- Answers {'moved'} (no longer ours), {'done', state} (a transition was made),
-- {'enqueue', task} (bring the job's task back to its queue, then mark it),
-- {'poll', task} (enqueue a query), {'look', task} (see whether the task lives);
-- the last three go on with the job's account, kind and priority.
local score = redis.call('ZSCORE', KEYS[2], id)
if not score or num(score) ~= a.leased then return {'moved'} end
if not job.state then
  redis.call('ZREM', KEYS[2], id)
  return {'done', ''}
end
local state, rank = job.state, num(job.rank)
if rank >= 8 then
  redis.call('ZREM', KEYS[2], id)
  return {'done', state}
end
if rank == 0 then
  if now >= num(job.expires_at) then
    expire()
    return {'done', job.state}
  end
  if state == 'accepted' then return brings('enqueue', job.task or id) end
  if not job.adrift and state == 'held' and now < num(job.hold_until) then
    -- Due before its time: what it was held for is gone. Its old task comes later
    -- and finds nothing to do.
    put('adrift', 1)
    put('seq', num(job.seq) + 1)
    flush()
  end
  if job.adrift then return brings('enqueue', id .. '~' .. job.seq) end
  return brings('look', job.task or id)
end
if state == 'submitting' then
  if now < num(job.owned_until) then
    due(num(job.owned_until))
    return {'done', state}
  end
  if job.stands then
    stand(job.stands, 'its worker never said how it ended')
  elseif seen_placed() then
    go_on_as_seen('its worker never said how it ended')
  else
    enter_doubt('its worker never said how it ended', 0)
  end
  return {'done', job.state}
end
if state == 'in_doubt' then
  if job.repeat_at and now < num(job.doubt_until) and now < num(job.expires_at) then
    return brings('repeat', id .. '~' .. job.seq)
  end
  if now < num(job.doubt_until) then
    drop('repeat_at')
    flush()
    due(num(job.doubt_until))
    return {'done', state}
  end
  put('evidence', 1)
  finish('unknown', 8, 'unknown', 'nobody could say in time whether it was placed')
  return {'done', job.state}
end
if state == 'active' then
  if job.ends_at and now >= num(job.ends_at) then
    finish('expired', 9, '', 'its time to live ended')
  else
    due(job.ends_at and num(job.ends_at) or now + ENDLESS)
  end
  return {'done', job.state}
end
if state == 'awaiting_dial' and now >= num(job.give_up_at) then
  put('evidence', 1)
  finish('expired', 8, 'unknown', 'nobody dialled the middle number in time')
  return {'done', job.state}
end
if now >= num(job.give_up_at) then
  put('evidence', 1)
  finish('unknown', 8, 'unknown', 'no result in time')
  return {'done', job.state}
end
return brings('poll', id .. '~' .. job.seq)
