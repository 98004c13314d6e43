-- replay_push: somebody wants a push read again that ended in one of a.from; it
-- waits as if it had just come, and is kept until it is read. When it came stays.
-- One in any other state, or in none, is left as it is.
-- Answers {'replayed', state it was in} or {'left', state}, without it where
-- there is no such push.
local was = job.state
for _, from in ipairs(a.from) do
  if was == from then
    put('state', 'received')
    put('replayed_at', now)
    drop('detail')
    flush()
    redis.call('PERSIST', KEYS[3])
    due(now)
    return {'replayed', was}
  end
end
return {'left', was}
