-- ARGV: the moment ('': now), the name and version to go on after, offset, limit
-- (0: none), all or latest, prefix, part, tenant, author, how many names and bytes
-- are enough for one answer, tags …
-- It answers with the moment, where to go on ('': all was seen), what is left of
-- the offset, and of each template name, version, source, info and metadata.
local at = moment(ARGV[1])
local m = call('HMGET', meta, 'entries', 'purged')
if call('ZCARD', index) ~= (tonumber(m[1] or '') or 0) then
  fail('damaged', index)
end
if not m[2] then
  return {'', '', 0, 0}
end
local seq = math.max(newest(), tonumber(m[2]) or fail('damaged', meta))
at = at or seq
local after, below, offset, limit = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local all, prefix, part, tenant, author = ARGV[6] == 'all', ARGV[7], ARGV[8], ARGV[9], ARGV[10]
local names, bytes = tonumber(ARGV[11]), tonumber(ARGV[12])

-- Where to look: at the names that carry the rarest mark. Capital letters are
-- what the latest versions carry now, small ones what any ever carried.
local current = at == seq
local exact = current and not all
local wanted, bases = {}, {}
local function want(mark)
  wanted[#wanted + 1] = mark
  bases[#bases + 1] = (exact and mark or string.lower(string.sub(mark, 1, 1)) .. string.sub(mark, 2)) .. '\0'
end
for i = 13, #ARGV do
  want('G' .. ARGV[i])
end
if author ~= '' then
  want('B' .. author)
end
if tenant ~= '' then
  want('T' .. tenant)
end
if #bases == 0 then
  bases[1] = current and 'N' or 'A'
end
local base, fewest = bases[1], nil
if #bases > 1 then
  for _, b in ipairs(bases) do
    local count = call('ZLEXCOUNT', index, '[' .. b .. prefix, '[' .. b .. prefix .. '\255')
    if not fewest or count < fewest then
      base, fewest = b, count
    end
  end
end

local rows = {int(at), '', 0, offset}
local function match(key, about)
  local carried = marks(about, key)
  for _, mark in ipairs(wanted) do
    if not carried[mark] then
      return false
    end
  end
  return true
end

-- visit looks at a version; true: there is no need to go on.
local function visit(key, name, number, about)
  names = names - 1
  if #wanted == 0 or match(key, about) then
    if offset > 0 then
      offset = offset - 1
    else
      local f = call('HMGET', key, number, number .. ':info', number .. ':metadata')
      local source, info, metadata = f[1], f[2], f[3] or ''
      if not (source and info) then
        fail('damaged', key)
      end
      local i = #rows
      rows[i + 1], rows[i + 2], rows[i + 3], rows[i + 4], rows[i + 5] = name, number, source, info, metadata
      bytes = bytes - #source - #info - #metadata
      limit = limit - 1
      if limit == 0 then
        rows[2] = ''
        return true
      end
    end
  end
  rows[2], rows[3] = name, number
  return names <= 0 or bytes <= 0
end

-- shelve looks at the versions of a name, below the one it left off with.
local function shelve(name)
  if exact then
    local key = shelves .. name
    local f = call('HMGET', key, 'latest', 'about')
    if not (f[1] and f[2]) then
      fail('damaged', key)
    end
    return visit(key, name, f[1], f[2])
  end
  local s = shelf(name) or fail('damaged', shelves .. name)
  local list = live(s, not current and at or nil)
  for i = #list, 1, -1 do
    for n = list[i][2], list[i][1], -1 do
      if below == 0 or n < below then
        if visit(s.key, name, int(n), s.latest == n and s.about or info(s, n)) then
          return true
        end
        if not all then
          return false
        end
      end
    end
  end
  return false
end

local high = '[' .. base .. prefix .. '\255'
local low = '[' .. base .. prefix
if after ~= '' then
  low = (below > 0 and all and '[' or '(') .. base .. after
end
local done = false
while not done do
  local page = call('ZRANGEBYLEX', index, low, high, 'LIMIT', 0, 100)
  for _, member in ipairs(page) do
    local name = string.sub(member, #base + 1)
    if name ~= after then
      below = 0
    end
    names = names - 1
    if part == '' or string.find(name, part, 1, true) then
      done = shelve(name)
    end
    if done then
      break
    end
    if names <= 0 then
      rows[2], rows[3], done = name, 0, true
      break
    end
  end
  if not done then
    rows[2] = ''
    if #page < 100 then
      break
    end
    low, below = '(' .. page[#page], 0
  end
end
rows[4] = offset
return rows
