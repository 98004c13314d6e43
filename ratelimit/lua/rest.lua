-- rest: the vendor says that it is asked too often; no slot for a query is leased for
-- a["for"] ms. A longer rest stays. a: account. Answers {until}.
local till = math.max(num(redis.call('HGET', lane_key(), 'qrest') or '0'), now + a['for'])
redis.call('HSET', lane_key(), 'qrest', str(till))
return {str(till)}
