-- info is what is known of a version beside its text.
local function info(s, n)
  local text = redis.call('HGET', s.key, int(n) .. ':info')
  if not text then
    fail('damaged', s.key)
  end
  return text
end

-- born is the change that saved a version.
local function born(s, n)
  return tonumber(string.match(info(s, n), '^{"created_at":(%d+)')) or fail('damaged', s.key)
end

-- live is the set of versions that the name had after the change at; nil: now.
local function live(s, at)
  local list = parse(s.versions)
  if not at or s.change <= at then
    return list
  end
  for death, text in string.gmatch(s.deaths, '(%d+):([%d,%-]+)') do
    if tonumber(death) > at then
      for _, r in ipairs(parse(text)) do
        list[#list + 1] = r
      end
    end
  end
  table.sort(list, function(a, b) return a[1] < b[1] end)
  while #list > 0 do -- the last were born after at
    local r = list[#list]
    if born(s, r[1]) <= at then
      local low, high = r[1], r[2]
      while low < high do
        local middle = math.ceil((low + high) / 2)
        if born(s, middle) <= at then
          low = middle
        else
          high = middle - 1
        end
      end
      r[2] = low
      break
    end
    table.remove(list)
  end
  return list
end
