-- marks is the set of what a version is found by beside its name: tags, author
-- and tenant. about is JSON. A member of the index is a mark, a zero byte, a name.
local function marks(about, key)
  local ok, set = pcall(function()
    local t, set = cjson.decode(about), {}
    for _, tag in ipairs(t.tags or {}) do
      set['G' .. tag] = true
    end
    if t.created_by then
      set['B' .. t.created_by] = true
    end
    if t.tenant_id then
      set['T' .. t.tenant_id] = true
    end
    return set
  end)
  return ok and set or fail('damaged', key)
end
