-- The last change, and how many templates there are.
local purged = tonumber(call('HGET', meta, 'purged') or '')
if not purged then
  fail('damaged', meta)
end
return {int(math.max(newest(), purged)), call('ZLEXCOUNT', index, '[N', '[N\255')}
