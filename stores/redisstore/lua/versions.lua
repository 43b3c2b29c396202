-- ARGV: the name, the moment ('': now).
local at = moment(ARGV[2])
local s = shelf(ARGV[1])
if not s then
  return ''
end
return at and s.change > at and render(live(s, at)) or s.versions
