-- The last change, how many names have a version, and how many were ever used.
local seq = redis.call('HGET', meta, 'seq')
if not seq then
  fail('damaged', meta)
end
return {seq, redis.call('ZLEXCOUNT', index, '[N', '[N\255'), redis.call('ZCARD', changes)}
