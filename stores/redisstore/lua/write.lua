local clock = call('TIME')
local now, seq = clock[1] * 1000000 + clock[2], newest()
local names, entries = 0, 0 -- how many more there are after the change: names, members of the index

-- whole makes sure that the store is what was made once; false: it is to be made.
local function whole()
  local m = call('HMGET', meta, 'schema', 'names', 'entries', 'purged')
  local known, listed = call('ZCARD', changes), call('ZCARD', index)
  if not m[1] then
    if known > 0 or listed > 0 then
      fail('damaged', meta)
    elseif ARGV[1] == 'manual' then
      fail('missing', meta)
    end
    return false
  end
  if m[1] ~= '1' then
    fail('schema', m[1])
  elseif known ~= tonumber(m[2] or '') then
    fail('damaged', changes)
  elseif listed ~= tonumber(m[3] or '') then
    fail('damaged', index)
  end
  seq = math.max(seq, tonumber(m[4] or '') or fail('damaged', meta))
  return true
end

-- step numbers the next change: by the clock, and always upwards.
local function step()
  seq = math.max(seq + 1, now)
  return int(seq)
end

-- enter and strike change the index.
local function enter(member)
  entries = entries + call('ZADD', index, 0, member)
end

local function strike(member)
  entries = entries - call('ZREM', index, member)
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

-- finish ends every change.
local function finish()
  if names ~= 0 then
    call('HINCRBY', meta, 'names', names)
  end
  if entries ~= 0 then
    call('HINCRBY', meta, 'entries', entries)
  end
  call('PUBLISH', changes, '')
end
