-- lock_add: nobody dials the number until a.till, or until the lock that it has
-- already, where that ends later. a: number (its key), till, words (account, job,
-- masked number, reason, as in the index).
-- Answers {'1'}; {'0'} where a.till is over.
local key = PREFIX .. 'number:' .. a.number
if a.till <= now then return {'0'} end
local old = num(redis.call('HGET', key, 'lock') or '0')
local till = math.max(old, a.till)
redis.call('HSET', key, 'lock', str(till))
keep_number(key, till - now + 3600000)
if old >= a.till and redis.call('HEXISTS', PREFIX .. 'locks', a.number) == 1 then return {'1'} end
-- Whom the vendor refused is still waiting for this number.
local cause = string.match(redis.call('HGET', PREFIX .. 'locks', a.number) or '', '^%d+ %S+ (%S+)')
if cause and cause ~= '-' then redis.call('HSET', key, 'l:' .. cause, '1') end
redis.call('HSET', PREFIX .. 'locks', a.number, str(till) .. ' ' .. a.words)
return {'1'}
