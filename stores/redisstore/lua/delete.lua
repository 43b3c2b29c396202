-- ARGV: auto or manual, the name, the version (0: all), how long deleted texts
-- are kept.
local name, version = ARGV[2], tonumber(ARGV[3])
local s = shelf(name)
if not s or s.latest == 0 or version > 0 and not contains(s.versions, version) then
  return {'none'}
end
local left, dead = {}, s.versions
if version > 0 then
  dead = int(version)
  for _, r in ipairs(parse(s.versions)) do
    if version < r[1] or version > r[2] then
      left[#left + 1] = r
    else
      if r[1] < version then
        left[#left + 1] = {r[1], version - 1}
      end
      if version < r[2] then
        left[#left + 1] = {version + 1, r[2]}
      end
    end
  end
end
local latest, about = 0, ''
if #left > 0 then
  latest = left[#left][2]
  about = latest == s.latest and s.about or string.gsub(info(s, latest), '^{"created_at":%d+,?', '{')
  marks(about, s.key)
end
marks(s.about, s.key)

local at = int(step())
redis.call('HSET', s.key, 'latest', latest, 'change', at, 'versions', render(left), 'about', about,
  'deaths', (s.deaths == '' and '' or s.deaths .. ';') .. at .. ':' .. dead)
redis.call('ZADD', changes, at, name)
if s.deaths == '' then
  redis.call('ZADD', gone, at, name)
end
reindex(s, about)
return {finish(tonumber(ARGV[4]))}
