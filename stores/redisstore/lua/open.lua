-- ARGV: auto or manual. It makes the store if it is not there, and answers with
-- what a change needs and the user may not do, where the server can tell (7.0).
local schema = call('HGET', meta, 'schema')
if not schema then
  for _, key in ipairs({meta, changes, index, gone}) do
    if call('EXISTS', key) == 1 then
      fail('damaged', key)
    end
  end
  if ARGV[1] == 'manual' then
    fail('missing', meta)
  end
  local clock = call('TIME')
  call('HSET', meta, 'schema', 1, 'names', 0, 'entries', 0, 'purged', int(clock[1] * 1000000 + clock[2]))
elseif schema ~= '1' then
  fail('schema', schema)
end
local barred = {}
if redis.acl_check_cmd then
  for _, command in ipairs({
    {'HSET', meta, 'f', 'v'}, {'HDEL', meta, 'f'}, {'ZADD', changes, '0', 'm'}, {'ZREM', gone, 'm'},
    {'ZCOUNT', changes, '0', '0'}, {'HSET', shelves, 'f', 'v'}, {'TIME'}, {'HINCRBY', meta, 'f', '1'},
    {'PUBLISH', changes, ''},
  }) do
    if not redis.acl_check_cmd(unpack(command)) then
      barred[#barred + 1] = command[1]
    end
  end
end
return barred
