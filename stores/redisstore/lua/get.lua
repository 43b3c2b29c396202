-- ARGV: the name, the version ('': the latest), the moment ('': now).
local name, n, at = ARGV[1], ARGV[2], moment(ARGV[3])
local key = KEYS[5]
local f
if at then
  local s = shelf(name)
  local list = s and live(s, at) or {}
  if #list == 0 or n ~= '' and not contains(render(list), tonumber(n)) then
    return {}
  end
  if n == '' then
    n = int(list[#list][2])
  end
elseif n == '' then
  n = redis.call('HGET', key, 'latest')
  if not n or n == '0' then
    if not n then
      shelf(name)
    end
    return {}
  end
else
  f = redis.call('HMGET', key, n, n .. ':info', n .. ':metadata', 'versions')
  if not f[4] then
    shelf(name)
    return {}
  elseif not contains(f[4], tonumber(n)) then
    return {}
  end
end
f = f or redis.call('HMGET', key, n, n .. ':info', n .. ':metadata')
if not (f[1] and f[2]) then
  fail('damaged', key)
end
return {n, f[1], f[2], f[3] or ''}
