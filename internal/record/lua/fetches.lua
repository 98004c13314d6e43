-- The recordings that are still to be fetched: a set of their own, beside due, for a
-- call that has ended is fetched as long as its vendor keeps the audio, and its record
-- stays for as long.
--   fetches  job -> when it is next tried
-- In the record: fetch ('due', 'stored', 'lost'), fetch_until (the vendor keeps it until
-- then), fetch_tries, fetch_why; once stored file_url, file_sha256, file_size, file_type.

-- want_file: evidence named a recording. w: path, after (ms from now), keep (ms).
local function want_file(w)
  if job.fetch then return end
  put('fetch', 'due')
  put('recording', w.path)
  put('fetch_until', now + w.keep)
  flush()
  redis.call('ZADD', PREFIX .. 'fetches', str(now + w.after), id)
  redis.call('PERSIST', KEYS[3])
end

-- fetched: nothing is to be fetched any more.
local function fetched(how, detail)
  put('fetch', how)
  note(job.state, detail, true)
  flush()
  redis.call('ZREM', PREFIX .. 'fetches', id)
  if num(job.rank) >= 8 then redis.call('PEXPIRE', KEYS[3], str(num(job.retain_ms))) end
end
