#!lua
-- Publishes a lock or an unlock: one entry of the stream, and the present state of the network.
--
-- KEYS: sequence, stream, locks, ends
-- ARGV: 1 id, 2 kind (L or U), 3 network, 4 length in ms, 5 age in ms: when it was made, 6 step in ms,
--       7 length of the stream, 8 signature, 9 body
-- Returns the sequence number and 'published', or 0 and the reason why it is not news.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local id, kind, net, length = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local made = now - tonumber(ARGV[5])
local ends = now + length

local old = redis.call('HGET', KEYS[3], net)
if old then
  local okind, oseq, oends, omade, oid = string.match(old, '^(%a) (%d+) (%d+) (%d+) (%x+) ')
  oends, omade = tonumber(oends), tonumber(omade)
  if oid == id then return { tonumber(oseq), 'published' } end
  if kind == 'L' and okind == 'L' and oends > now and ends < oends + tonumber(ARGV[6]) then
    return { 0, 'locked' }
  end
  -- What was ordered later has come first: one of the hosts was cut off.
  if okind ~= kind and omade > made and oends > now then
    return { 0, kind == 'L' and 'unlocked since' or 'locked since' }
  end
  -- An unlock is kept for as long as the lock would have lasted.
  if kind == 'U' and oends > ends then ends = oends end
end

local seq = redis.call('INCR', KEYS[1])
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[7], '*', 's', seq, 'm', ARGV[8], 'b', ARGV[9])
redis.call('HSET', KEYS[3], net, string.format('%s %d %d %d %s %s ', kind, seq, ends, made, id, ARGV[8]) .. ARGV[9])
redis.call('ZADD', KEYS[4], ends, net)
local over = redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', now, 'LIMIT', 0, 100)
if #over > 0 then
  redis.call('HDEL', KEYS[3], unpack(over))
  redis.call('ZREM', KEYS[4], unpack(over))
end
return { seq, 'published' }
