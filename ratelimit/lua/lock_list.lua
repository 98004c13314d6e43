-- lock_list: the numbers that are locked now, as the index knows them. An entry
-- whose lock is over or lifted leaves it. Answers {number, entry, ...}.
local answer = {}
for number, entry in pairs(load(PREFIX .. 'locks')) do
  local lock = num(redis.call('HGET', PREFIX .. 'number:' .. number, 'lock') or '0')
  if lock > now then
    answer[#answer + 1] = number
    answer[#answer + 1] = str(lock) .. ' ' .. (string.match(entry, '^%d+ (.*)$') or '- - - ')
  else
    redis.call('HDEL', PREFIX .. 'locks', number)
  end
end
return answer
