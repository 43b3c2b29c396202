local seq, names, entries, now -- the last change, names ever used, members of the index, the time
local kept = redis.call('HMGET', meta, 'schema', 'seq', 'names', 'entries')
local cards = {redis.call('ZCARD', changes), redis.call('ZCARD', index), redis.call('ZCARD', gone)}
local clock = redis.call('TIME')
now = clock[1] * 1000000 + clock[2]
if kept[1] then
  if kept[1] ~= '1' then
    fail('schema', kept[1])
  end
  seq, names, entries = tonumber(kept[2] or ''), tonumber(kept[3] or ''), tonumber(kept[4] or '')
  if not (seq and names and entries) then
    fail('damaged', meta)
  end
else
  if ARGV[1] == 'manual' then
    fail('missing', meta)
  end
  seq, names, entries = 0, 0, 0
end
if cards[1] ~= names then
  fail('damaged', kept[1] and changes or meta)
end
if cards[2] ~= entries then
  fail('damaged', kept[1] and index or meta)
end

-- step numbers the next change: by the clock, and always upwards.
local function step()
  seq = math.max(seq + 1, now)
  return seq
end

-- enter and strike change the index.
local function enter(member)
  entries = entries + redis.call('ZADD', index, 0, member)
end

local function strike(member)
  entries = entries - redis.call('ZREM', index, member)
end

-- reindex has the name found by the latest version; about '': there is none.
local function reindex(s, about)
  if s.about == about then
    return
  end
  local before = s.about == '' and {} or marks(s.about, s.key)
  local after = about == '' and {} or marks(about, s.key)
  for mark in pairs(before) do
    if not after[mark] then
      strike(mark .. '\0' .. s.name)
    end
  end
  for mark in pairs(after) do
    if not before[mark] then
      enter(mark .. '\0' .. s.name)
      enter(string.lower(string.sub(mark, 1, 1)) .. string.sub(mark, 2) .. '\0' .. s.name)
    end
  end
  if s.about == '' then
    enter('N' .. s.name)
  elseif about == '' then
    strike('N' .. s.name)
  end
  s.about = about
end

-- finish ends every change. It returns a name with texts to be purged, or ''.
local function finish(keep)
  redis.call('HSET', meta, 'seq', seq, 'names', names, 'entries', entries)
  if not kept[1] then
    redis.call('HSET', meta, 'schema', 1, 'purged', seq)
  end
  redis.call('PUBLISH', string.sub(meta, 1, -5) .. 'changes', '')
  if cards[3] == 0 then
    return ''
  end
  return redis.call('ZRANGEBYSCORE', gone, '-inf', now - keep, 'LIMIT', 0, 1)[1] or ''
end
