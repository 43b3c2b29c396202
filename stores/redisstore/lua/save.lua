-- ARGV: auto or manual, the base (-1: any), how long deleted texts are kept, and
-- of each template name, source, about and metadata.
local base, list, known = tonumber(ARGV[2]), {}, {}
for i = 4, #ARGV, 4 do
  local name = ARGV[i]
  local s = known[name]
  if not s then
    s = shelf(name) or {key = shelves .. name, name = name, high = 0, latest = 0, versions = '', about = '', new = true}
    known[name] = s
    if s.about ~= '' and s.about ~= ARGV[i + 2] then
      marks(s.about, s.key) -- so that it shows now, and not between two writes
    end
  end
  if base ~= -1 and s.latest ~= base then
    return {'conflict', s.latest}
  end
  if s.high >= 2147483646 then
    fail('full', s.key)
  end
  list[#list + 1] = s
end

local answer = {''}
for i, s in ipairs(list) do
  local source, about, metadata = ARGV[4 * i + 1], ARGV[4 * i + 2], ARGV[4 * i + 3]
  local n, at = s.high + 1, int(step())
  local number = int(n)
  local info = '{"created_at":' .. at .. (about == '{}' and '}' or ',' .. string.sub(about, 2))
  local first, last = string.match(s.versions, '(%d+)%-?(%d*)$')
  if tonumber(last or '') == s.high and s.high > 0 then
    s.versions = string.sub(s.versions, 1, -#last - 1) .. number
  elseif last == '' and tonumber(first) == s.high then
    s.versions = s.versions .. '-' .. number
  else
    s.versions = (s.versions == '' and '' or s.versions .. ',') .. number
  end
  s.high, s.latest = n, n
  if metadata == '' then
    redis.call('HSET', s.key, number, source, number .. ':info', info,
      'high', number, 'latest', number, 'change', at, 'versions', s.versions, 'about', about)
  else
    redis.call('HSET', s.key, number, source, number .. ':info', info, number .. ':metadata', metadata,
      'high', number, 'latest', number, 'change', at, 'versions', s.versions, 'about', about)
  end
  redis.call('ZADD', changes, at, s.name)
  if s.new then
    names, s.new = names + 1, false
    enter('A' .. s.name)
  end
  reindex(s, about)
  answer[#answer + 1] = n
  answer[#answer + 1] = at
end
answer[1] = finish(tonumber(ARGV[3]))
return answer
