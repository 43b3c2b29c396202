-- ARGV: the name, the version ('': the latest), the moment ('': now).
local at = moment(ARGV[3])
local s = shelf(ARGV[1])
local list = s and live(s, at) or {}
local n = tonumber(ARGV[2]) or #list > 0 and list[#list][2]
if not n or not contains(list, n) then
  return {}
end
n = int(n)
local f = call('HMGET', s.key, n, n .. ':info', n .. ':metadata')
if not (f[1] and f[2]) then
  fail('damaged', s.key)
end
return {n, f[1], f[2], f[3] or ''}
