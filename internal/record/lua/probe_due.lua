-- probe_due: the task that asks how an account stands. a: account, skip (the number of a
-- task whose id is taken by one that will not run; 0: none). Answers {number}.
local seq = num(redis.call('HGET', lane_key(), 'probe_seq') or '0')
if seq == 0 or seq == a.skip then
  seq = seq + 1
  redis.call('HSET', lane_key(), 'probe_seq', str(seq))
end
return {str(seq)}
