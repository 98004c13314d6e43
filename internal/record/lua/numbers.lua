-- The numbers that a job takes, and what they are charged with.
-- A key may name a second job when the first is forgotten, hence the creation.
local function attempt_id(n) return id .. '.' .. str(num(n)) .. '@' .. (job.created_at or '0') end

-- A number's hash: 'c:<attempt>' = when it was charged, 'fly' = the attempt in
-- flight and until when its owner may hold it, 'lock' = until when nothing dials,
-- 'keep' = how many charges it keeps, 'w:<job>' = a job held by the one in flight,
-- 'l:<job>' = one held by the lock.
local function each_number(f)
  for i = 5, #KEYS - num(a.calls) do f(KEYS[i]) end
end

local function release(n)
  each_number(function(key)
    local fly = redis.call('HGET', key, 'fly')
    if fly and string.match(fly, '^(%S+) ') == attempt_id(n) then redis.call('HDEL', key, 'fly') end
  end)
end

-- A charge given back makes room: jobs that were held because of it are due at
-- once, and tick brings them back to their queue.
local function refund(n)
  put('refunded', n)
  if job.capped then redis.call('ZREM', lane_key(':day'), attempt_id(n)) end
  each_number(function(key)
    redis.call('HDEL', key, 'c:' .. attempt_id(n))
    for field in pairs(load(key)) do
      if string.sub(field, 1, 2) == 'w:' then
        redis.call('ZADD', KEYS[2], 'XX', str(now), string.sub(field, 3))
        redis.call('HDEL', key, field)
      end
    end
  end)
end

-- The vendor counts from when it saw the attempt, which is its answer at the latest.
local function move_charge(n)
  each_number(function(key)
    if redis.call('HEXISTS', key, 'c:' .. attempt_id(n)) == 1 then
      redis.call('HSET', key, 'c:' .. attempt_id(n), str(now))
    end
  end)
end

local function keep_number(key, ttl)
  if redis.call('PTTL', key) < ttl then redis.call('PEXPIRE', key, str(ttl)) end
end
