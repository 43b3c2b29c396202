-- ARGV: versions, which are kept as long as a snapshot may ask.
local key, answer = KEYS[5], {}
for i = 1, #ARGV do
  local text = call('HGET', key, ARGV[i] .. ':info')
  if not text then
    fail('damaged', key)
  end
  answer[#answer + 1] = text
  answer[#answer + 1] = call('HSTRLEN', key, ARGV[i])
end
return answer
