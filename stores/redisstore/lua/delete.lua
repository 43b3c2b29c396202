-- ARGV: auto or manual, the name, the version (0: all).
local name, version = ARGV[2], tonumber(ARGV[3])
local s = shelf(name)
local there = s and without({{1, s.latest}}, parse(s.missing)) or {}
if #there == 0 or version > 0 and not contains(there, version) then
  return {'none'}
end
whole()
local dead = version > 0 and {{version, version}} or there
local left = without(there, dead)
local latest, about = 0, ''
if #left > 0 then
  latest = left[#left][2]
  about = latest == s.latest and s.about or string.gsub(info(s, latest), '^{"created_at":%d+,?', '{')
  marks(about, s.key)
end
marks(s.about, s.key)

local at = step()
call('HSET', s.key, 'latest', latest, 'about', about, 'missing', render(together(parse(s.missing), dead)),
  'deaths', (s.deaths == '' and '' or s.deaths .. ';') .. at .. ':' .. render(dead))
call('ZADD', changes, at, name)
if s.deaths == '' then
  call('ZADD', gone, at, name)
end
reindex(s, about)
finish()
return {}
