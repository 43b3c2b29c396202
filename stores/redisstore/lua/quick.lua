-- Most saves are of one name that is there, and found by what it was found by
-- before. Any doubt is left to the script for all saves.
-- KEYS: {prefix}:changes and {prefix}:t:<name>.
-- ARGV: the name, the base (-1: any), source, about and metadata.
local changes, key, about = KEYS[1], KEYS[2], ARGV[4]
local f = redis.call('HMGET', key, 'latest', 'missing', 'about')
local latest, missing = tonumber(f[1] or ''), tonumber(f[2] and (string.match(f[2], '(%d+)$') or '') or '0')
if f[3] ~= about or not latest or latest < 1 or not missing or ARGV[2] ~= '-1' and ARGV[2] ~= f[1] then
  return {}
end
local n = math.max(latest, missing)
if n >= 2147483646 then
  return {}
end
local clock = redis.call('TIME')
local at = string.format('%s%06d', clock[1], clock[2])
if redis.call('ZCOUNT', changes, at, '+inf') ~= 0 then -- the clock was set back
  return {}
end
n = string.format('%d', n + 1)
local info = '{"created_at":' .. at .. (about == '{}' and '}' or ',' .. string.sub(about, 2))
if ARGV[5] == '' then
  redis.call('HSET', key, n, ARGV[3], n .. ':info', info, 'latest', n)
else
  redis.call('HSET', key, n, ARGV[3], n .. ':info', info, 'latest', n, n .. ':metadata', ARGV[5])
end
redis.call('ZADD', changes, at, ARGV[1])
redis.call('PUBLISH', changes, '')
return {n, at}
