-- Every script is given the keys of the store, and those of the templates it is
-- about: {prefix}:meta, :changes, :index and :gone, then {prefix}:t:<name> …
-- It reads all it needs before it writes anything.
local meta, changes, index, gone = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local shelves = string.sub(meta, 1, -5) .. 't:'

-- fail ends the script. The program finds kind and what between the two marks.
local function fail(kind, what)
  error('PROMPTY<' .. kind .. ' ' .. what .. '>PROMPTY', 0)
end

-- int writes a number of any size without an exponent.
local function int(n)
  return string.format('%.0f', n)
end

-- shelf reads what is kept of a name beside its versions; nil: it was never used.
local function shelf(name)
  local key = shelves .. name
  local f = redis.call('HMGET', key, 'high', 'latest', 'change', 'versions', 'deaths', 'about')
  if not f[1] then
    if redis.call('ZSCORE', changes, name) or redis.call('EXISTS', key) == 1 then
      fail('damaged', key)
    end
    return nil
  end
  local s = {
    key = key, name = name, high = tonumber(f[1]), latest = tonumber(f[2]), change = tonumber(f[3]),
    versions = f[4], deaths = f[5] or '', about = f[6],
  }
  if not (s.high and s.latest and s.change and s.versions and s.about) then
    fail('damaged', key)
  end
  return s
end

-- moment is the change after which the store is to be shown; nil: as it is now.
local function moment(text)
  if text == '' then
    return nil
  end
  local m = redis.call('HMGET', meta, 'seq', 'purged')
  local seq, purged, at = tonumber(m[1] or ''), tonumber(m[2] or ''), tonumber(text)
  if not seq or not purged or at < purged or at > seq then
    fail('expired', text)
  end
  return at
end
