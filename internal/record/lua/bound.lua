-- bound: something happened over a binding, so it was made. a: id, vendor_id (''),
-- call (its record's id, '').
-- KEYS 5..: the numbers that it took.
-- Answers {'bound' | 'same', state}, {'foreign', state} (another binding's, or that
-- of an earlier job under this id: this one was never sent, or its content is lost
-- and with it for how long it stands), {'missing'}.
if not job.state then return {'missing'} end
if not job.content or num(job.attempt) == 0 and (num(job.rank) == 0 or job.state == 'failed') then return {'foreign', job.state} end
if a.vendor_id ~= '' and job.vendor_id and job.vendor_id ~= a.vendor_id then return {'foreign', job.state} end
if a.vendor_id ~= '' then
  if not job.vendor_id then wake_unbind() end
  put('vendor_id', a.vendor_id)
end
if a.call ~= '' and job.last_call ~= a.call then
  put('last_call', a.call)
  note(job.state, 'call ' .. a.call)
end
local rank = num(job.rank)
if rank == 1 then put('stands', 'bound') end
-- One being sent is told by its own answer, or by its repeat. A refusal that a
-- call proves wrong was none.
if rank == 1 or rank >= 5 and job.state ~= 'unknown' and job.state ~= 'failed' then
  -- What has ended has its number no more.
  if rank < 8 then index(job.attempt, 0) end
  flush()
  return {'same', job.state}
end
clear_hold()
revive()
release(job.attempt)
activate(math.max(num(job.owned_until), num(job.send_before)), 'a call came over it')
index(job.attempt, 0)
return {'bound', job.state}
