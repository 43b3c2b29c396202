-- Sets of versions are kept as text, "1-5,7", and handled as {{1, 5}, {7, 7}}.
local function parse(text)
  local list = {}
  for first, last in string.gmatch(text, '(%d+)%-?(%d*)') do
    list[#list + 1] = {tonumber(first), tonumber(last) or tonumber(first)}
  end
  return list
end

local function render(list)
  local parts = {}
  for i, r in ipairs(list) do
    parts[i] = r[1] == r[2] and int(r[1]) or int(r[1]) .. '-' .. int(r[2])
  end
  return table.concat(parts, ',')
end

local function contains(text, n)
  for first, last in string.gmatch(text, '(%d+)%-?(%d*)') do
    first = tonumber(first)
    if n == first or n > first and n <= (tonumber(last) or first) then
      return true
    end
  end
  return false
end
