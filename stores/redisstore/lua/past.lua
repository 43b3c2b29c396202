-- moment is the change after which the store is to be shown; nil: as it is now.
local function moment(text)
  if text == '' then
    return nil
  end
  local purged, at = tonumber(call('HGET', meta, 'purged') or ''), tonumber(text)
  if not purged or at < purged or at > math.max(newest(), purged) then
    fail('expired', text)
  end
  return at
end

-- info is what is known of a version beside its text.
local function info(s, n)
  local text = call('HGET', s.key, int(n) .. ':info')
  if not text then
    fail('damaged', s.key)
  end
  return text
end

-- born is the change that saved a version.
local function born(s, n)
  return tonumber(string.match(info(s, n), '^{"created_at":(%d+)') or '') or fail('damaged', s.key)
end

-- changed says whether something has happened to a name after the change at.
local function changed(s, at)
  local last = call('ZSCORE', changes, s.name)
  return tonumber(last or fail('damaged', changes)) > at
end

-- live is the set of versions that the name had after the change at; nil: now.
local function live(s, at)
  local missing = parse(s.missing)
  if not at or not changed(s, at) then
    return without({{1, s.latest}}, missing)
  end
  for death, text in string.gmatch(s.deaths, '(%d+):([%d,%-]+)') do
    if tonumber(death) > at then
      missing = without(missing, parse(text))
    end
  end
  local list = without({{1, highest(s)}}, missing)
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
