-- ARGV: the change after which to look, how many names are enough.
if call('ZCARD', changes) ~= (tonumber(call('HGET', meta, 'names') or '') or 0) then
  fail('damaged', changes)
end
local answer = {int(newest())}
local page = call('ZRANGEBYSCORE', changes, '(' .. ARGV[1], '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[2])
for i = 1, #page, 2 do
  answer[#answer + 1] = page[i]
  answer[#answer + 1] = call('HGET', shelves .. page[i], 'latest') or '0'
  answer[#answer + 1] = page[i + 1]
end
return answer
