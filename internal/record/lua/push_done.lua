-- push_done: the push was read and what it said stands in the records. It is
-- kept for a.retain ms, so that a copy of it stays one job. Answers {state}.
redis.call('ZREM', KEYS[2], id)
if not job.state then return {''} end
put('state', a.state)
put('detail', a.detail)
flush()
redis.call('PEXPIRE', KEYS[3], str(a.retain))
return {a.state}
