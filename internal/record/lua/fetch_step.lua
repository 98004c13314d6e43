-- fetch_step: what became of fetching this job's recording, by who leased it until
-- a.leased (0: a job of its own kind, which fetches by itself).
-- a: step, and by it
--    stored: url, sha256, size, type; whoever tells it
--    again:  again_in (ms), why; the last one is as the vendor's time ends, then it is lost
--    lost:   why
--    renew:  till, the lease's new end
-- Answers {'stored' | 'again' | 'lost' | 'renewed', state}, or {'moved', state}: another one has it,
-- or it is done with.
if not job.state then return {'moved', ''} end
if a.step == 'stored' then
  if job.fetch == 'stored' then return {'moved', job.state} end
  put('file_url', a.url)
  put('file_sha256', a.sha256)
  put('file_size', a.size)
  put('file_type', a.type)
  drop('fetch_why')
  news_of('recording.stored')
  fetched('stored', 'recording stored')
  return {'stored', job.state}
end
local score = redis.call('ZSCORE', PREFIX .. 'fetches', id)
if a.step == 'renew' and score and num(score) == a.till then return {'renewed', job.state} end -- asked again
if not score or num(score) ~= a.leased then return {'moved', job.state} end
if a.step == 'renew' then
  redis.call('ZADD', PREFIX .. 'fetches', str(a.till), id)
  return {'renewed', job.state}
end
put('fetch_tries', num(job.fetch_tries) + 1)
put('fetch_why', a.why)
local at = now + num(a.again_in)
if now < num(job.fetch_until) then at = math.min(at, num(job.fetch_until)) end
if a.step == 'lost' or at > num(job.fetch_until) then
  fetched('lost', 'recording lost: ' .. a.why)
  return {'lost', job.state}
end
flush()
redis.call('ZADD', PREFIX .. 'fetches', str(at), id)
return {'again', job.state}
