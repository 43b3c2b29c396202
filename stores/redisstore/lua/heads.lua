-- ARGV: the change after which to look, how many names are enough.
local m = redis.call('HMGET', meta, 'seq', 'names')
if redis.call('ZCARD', changes) ~= (tonumber(m[2] or '') or 0) then
  fail('damaged', changes)
end
local answer = {m[1] or '0'}
local page = redis.call('ZRANGEBYSCORE', changes, '(' .. ARGV[1], '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[2])
for i = 1, #page, 2 do
  answer[#answer + 1] = page[i]
  answer[#answer + 1] = redis.call('HGET', shelves .. page[i], 'latest') or '0'
  answer[#answer + 1] = page[i + 1]
end
return answer
