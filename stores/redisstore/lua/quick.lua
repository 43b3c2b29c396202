-- Most saves are of one name that is there, and found by what it was found by
-- before: they need none of what follows. Any doubt is left to that.
if #ARGV == 7 then
  local key, changes, about = KEYS[5], KEYS[2], ARGV[6]
  local f = redis.call('HMGET', key, 'latest', 'missing', 'about')
  local n, clock = tonumber(f[1] or '0'), redis.call('TIME')
  if f[3] == about and not f[2] and n and n > 0 and n < 2147483647 and n % 16 ~= 0 and (ARGV[2] == '-1' or ARGV[2] == f[1]) then
    local at = string.format('%s%06d', clock[1], clock[2])
    if #redis.call('ZRANGEBYSCORE', changes, at, '+inf', 'LIMIT', '0', '1') == 0 then
      n = string.format('%d', n + 1)
      local info = '{"created_at":' .. at .. (about == '{}' and '}' or ',' .. string.sub(about, 2))
      if ARGV[7] == '' then
        redis.call('HSET', key, n, ARGV[5], n .. ':info', info, 'latest', n)
      else
        redis.call('HSET', key, n, ARGV[5], n .. ':info', info, 'latest', n, n .. ':metadata', ARGV[7])
      end
      redis.call('ZADD', changes, at, ARGV[4])
      redis.call('PUBLISH', changes, '')
      return {'', n, at}
    end
  end
end
