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

local function contains(list, n)
  for _, r in ipairs(list) do
    if n >= r[1] and n <= r[2] then
      return true
    end
  end
  return false
end

-- without is what list has and other has not. Both are in order.
local function without(list, other)
  local left, i = {}, 1
  for _, r in ipairs(list) do
    local first = r[1]
    while other[i] and other[i][2] < first do
      i = i + 1
    end
    local j = i
    while other[j] and other[j][1] <= r[2] do
      if first < other[j][1] then
        left[#left + 1] = {first, other[j][1] - 1}
      end
      first = other[j][2] + 1
      j = j + 1
    end
    if first <= r[2] then
      left[#left + 1] = {first, r[2]}
    end
  end
  return left
end

-- together is what list or other has.
local function together(list, other)
  local all, joined = {}, {}
  for _, l in ipairs({list, other}) do
    for _, r in ipairs(l) do
      all[#all + 1] = r
    end
  end
  table.sort(all, function(a, b) return a[1] < b[1] end)
  for _, r in ipairs(all) do
    local last = joined[#joined]
    if last and r[1] <= last[2] + 1 then
      last[2] = math.max(last[2], r[2])
    else
      joined[#joined + 1] = {r[1], r[2]}
    end
  end
  return joined
end
