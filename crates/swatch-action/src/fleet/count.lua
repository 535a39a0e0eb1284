#!lua
-- Counts an event of an address, once, and says how many the window holds.
--
-- KEYS: events of the address, hosts that saw it, locks of the group
-- ARGV: 1 id, 2 host, 3 network, 4 window in ms (0: for ever), 5 time to keep the count in ms (0: for
--       ever), 6 number of events that are remembered, 7 age of the event in ms
-- Returns the events in the window, the hosts that saw them, the ms that a lock is still in force (0: none).
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local window, keep = tonumber(ARGV[4]), tonumber(ARGV[5])
local at = now - tonumber(ARGV[7])
local from = '-inf'
if window > 0 then from = '(' .. string.format('%d', now - window) end

if window == 0 or at > now - window then
  -- The id is the member: an event that is delivered again is there already.
  redis.call('ZADD', KEYS[1], 'NX', at, ARGV[1])
  redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -(tonumber(ARGV[6]) + 1))
  redis.call('ZADD', KEYS[2], 'GT', at, ARGV[2])
  redis.call('ZREMRANGEBYRANK', KEYS[2], 0, -1001)
  if keep > 0 then
    for i = 1, 2 do
      if redis.call('PTTL', KEYS[i]) < keep then redis.call('PEXPIRE', KEYS[i], keep) end
    end
  end
end

local left = 0
local lock = redis.call('HGET', KEYS[3], ARGV[3])
if lock then
  local kind, ends = string.match(lock, '^(%a) %d+ (%d+) ')
  if kind == 'L' then left = math.max(0, tonumber(ends) - now) end
end
return {
  redis.call('ZCOUNT', KEYS[1], from, '+inf'),
  redis.call('ZCOUNT', KEYS[2], from, '+inf'),
  left,
}
