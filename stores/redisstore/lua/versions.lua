-- ARGV: the name, the moment ('': now).
local at = moment(ARGV[2])
local s = shelf(ARGV[1])
return s and render(live(s, at)) or ''
