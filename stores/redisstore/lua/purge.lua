-- ARGV: how long deleted texts are kept, how many may go at once.
-- It forgets some of the texts that no snapshot may see any more.
local room = tonumber(ARGV[2])
local clock = call('TIME')
local limit = clock[1] * 1000000 + clock[2] - tonumber(ARGV[1])
local name = call('ZRANGEBYSCORE', gone, '-inf', int(limit), 'LIMIT', 0, 1)[1]
if not name then
  return {}
end
local s = shelf(name)
local purged = tonumber(call('HGET', meta, 'purged') or '')
if not s or not purged then
  fail('damaged', s and meta or shelves .. name)
end
local left, oldest = {}, nil
for death, text in string.gmatch(s.deaths, '(%d+):([%d,%-]+)') do
  local list = parse(text)
  if tonumber(death) <= limit then
    purged = math.max(purged, tonumber(death))
    while #list > 0 and room > 0 do
      local r = list[#list]
      local number = int(r[2])
      call('HDEL', s.key, number, number .. ':info', number .. ':metadata')
      r[2], room = r[2] - 1, room - 1
      if r[2] < r[1] then
        table.remove(list)
      end
    end
  end
  if #list > 0 then
    left[#left + 1] = death .. ':' .. render(list)
    oldest = oldest or death
  end
end
call('HSET', meta, 'purged', int(purged))
if oldest then
  call('HSET', s.key, 'deaths', table.concat(left, ';'))
  call('ZADD', gone, oldest, name)
else
  call('HDEL', s.key, 'deaths')
  call('ZREM', gone, name)
end
return {}
