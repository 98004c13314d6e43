-- push_done: the push was read and what it said stands in the records. It is
-- kept for a.retain ms, so that a copy of it stays one job. a.replayed (nil: whatever
-- it is): when it was last given to be read again, as its reader saw it; where that
-- was done once more since, nobody has read it yet. body, query (nil: as they are): what
-- is kept of one that may be read again. Answers {state}.
if a.replayed and (job.replayed_at or '') ~= a.replayed then return {job.state or ''} end
redis.call('ZREM', KEYS[2], id)
if not job.state then return {''} end
put('state', a.state)
put('detail', a.detail)
-- It is never read again, and may hold what is nobody's business: numbers, a message.
if a.state == 'done' then drop('body'); drop('query')
elseif a.body then put('body', a.body); put('query', a.query) end
flush()
redis.call('PEXPIRE', KEYS[3], str(a.retain))
return {a.state}
