-- snapshot: everything that a group keeps. KEYS 1: any key of it. ARGV 1: its prefix.
local prefix = ARGV[1]
local with_fields = {job = true, key = true, push = true, event = true, x = true}

local function scores(key, into)
  local flat = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  for i = 1, #flat, 2 do into[flat[i]] = flat[i + 1] end
  return into
end

local keys, lines = {}, {}
for _, key in ipairs(redis.call('KEYS', prefix .. '*')) do
  local name = string.sub(key, #prefix + 1)
  local kind = string.match(name, '^([^:]*)')
  local fields = {}
  if with_fields[kind] and name ~= kind or string.match(name, '^lane:[^:]*$') then
    local flat = redis.call('HGETALL', key)
    for i = 1, #flat, 2 do
      if flat[i] ~= 'record' and flat[i] ~= 'body' then fields[flat[i]] = flat[i + 1] end
    end
  end
  if string.match(name, '^lane:.*:lines$') then scores(key, lines) end
  keys[name] = {ttl = string.format('%.0f', redis.call('PTTL', key)), fields = fields}
end
return cjson.encode({
  Due = scores(prefix .. 'due', {}), Events = scores(prefix .. 'events', {}), Dead = scores(prefix .. 'dead', {}),
  Fetches = scores(prefix .. 'fetches', {}), Bindings = scores(prefix .. 'bindings', {}), Lines = lines, Keys = keys,
})
