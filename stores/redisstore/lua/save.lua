-- ARGV: auto or manual, the base (-1: any), and of each template name, source,
-- about and metadata.
local base, list, known = tonumber(ARGV[2]), {}, {}
for i = 3, #ARGV, 4 do
  local name = ARGV[i]
  local s = known[name]
  if not s then
    s = shelf(name)
    if not s then
      s = {key = shelves .. name, name = name, latest = 0, missing = '', about = '', new = true}
    elseif s.about ~= '' and s.about ~= ARGV[i + 2] then
      marks(s.about, s.key) -- so that damage shows now, and not between two writes
    end
    known[name] = s
  end
  if base ~= -1 and s.latest ~= base then
    return {'conflict', s.latest}
  end
  s.high = s.high or highest(s)
  if s.high >= 2147483646 then
    fail('full', s.key)
  end
  list[#list + 1] = s
end
local fresh = not whole()

local answer = {}
for i, s in ipairs(list) do
  local source, about, metadata = ARGV[4 * i], ARGV[4 * i + 1], ARGV[4 * i + 2]
  local at = step()
  s.high = s.high + 1
  local n = int(s.high)
  local info = '{"created_at":' .. at .. (about == '{}' and '}' or ',' .. string.sub(about, 2))
  if metadata == '' and s.about == about then
    call('HSET', s.key, n, source, n .. ':info', info, 'latest', n)
  elseif metadata == '' then
    call('HSET', s.key, n, source, n .. ':info', info, 'latest', n, 'about', about)
  else
    call('HSET', s.key, n, source, n .. ':info', info, 'latest', n, 'about', about, n .. ':metadata', metadata)
  end
  call('ZADD', changes, at, s.name)
  if s.new then
    names, s.new = names + 1, false
    enter('A' .. s.name)
  end
  reindex(s, about)
  answer[#answer + 1] = n
  answer[#answer + 1] = at
end
if fresh then
  call('HSET', meta, 'schema', 1, 'purged', int(seq))
end
finish()
return answer
