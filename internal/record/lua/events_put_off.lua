-- events_put_off: events that were not tried. a.events: each event, leased, again_in.
-- Those that another deliverer has since stay as they are. Answers {how many it was}.
local n = 0
for _, e in ipairs(a.events) do
  local score = redis.call('ZSCORE', PREFIX .. 'events', e.event)
  if score and num(score) == e.leased then
    redis.call('ZADD', PREFIX .. 'events', str(now + e.again_in), e.event)
    n = n + 1
  end
end
return {str(n)}
