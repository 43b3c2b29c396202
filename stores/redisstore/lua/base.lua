-- Every script is given the keys of the store, and those of the templates it is
-- about: {prefix}:meta, :changes, :index and :gone, then {prefix}:t:<name> …
-- It reads all it needs before it writes anything.
local meta, changes, index, gone = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local shelves = string.sub(meta, 1, -5) .. 't:'
local call = redis.call

-- fail ends the script. The program finds kind and what between the two marks.
local function fail(kind, what)
  error('PROMPTY<' .. kind .. ' ' .. what .. '>PROMPTY', 0)
end

-- int writes a whole number of any size without an exponent.
local function int(n)
  return string.format('%d', n)
end

-- shelf reads what is kept of a name beside its versions; nil: it was never used.
local function shelf(name)
  local key = shelves .. name
  local f = call('HMGET', key, 'latest', 'missing', 'about', 'deaths')
  if not f[1] then
    if call('ZSCORE', changes, name) or call('EXISTS', key) == 1 then
      fail('damaged', key)
    end
    return nil
  end
  local s = {key = key, name = name, latest = tonumber(f[1]), missing = f[2] or '', about = f[3], deaths = f[4] or ''}
  if not s.latest or not s.about then
    fail('damaged', key)
  end
  return s
end

-- newest is the number of the last change; 0: there was none.
local function newest()
  return tonumber(call('ZREVRANGE', changes, 0, 0, 'WITHSCORES')[2] or '0')
end

-- highest is the highest number that was ever given: all up to it are there or
-- missing.
local function highest(s)
  local last = string.match(s.missing, '(%d+)$')
  return math.max(s.latest, tonumber(last or '0'))
end
