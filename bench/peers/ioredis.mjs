// usage: ioredis.mjs PORT IN_FLIGHT OPERATIONS
// Reads records of 220 bytes and changes them by compare-exchange, in turns. Prints {"cpu_us": X}, without start-up and a first tenth that
// warms up.
import Redis from 'ioredis';

const [port, inFlight, operations] = process.argv.slice(2).map(Number);
const redis = new Redis({ port, host: '127.0.0.1', enableAutoPipelining: true });
redis.defineCommand('exchange', {
  numberOfKeys: 1,
  lua: `local now = redis.call('GETRANGE', KEYS[1], 0, 15)
if now ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2] .. ARGV[3], 'PX', ARGV[4])
return 1`,
});
const record = 'v'.repeat(220);

async function run(count) {
  let left = count;
  const one = async (_, number) => {
    const key = `ioredis:authorization:https://tenant.eu.auth0.com/:auth0|${1000000000 + number * 7919}:ciba-0123456789abcdef:n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg`;
    while (left >= 2) {
      left -= 2;
      const value = await redis.get(key);
      const version = value === null ? '' : value.slice(0, 16);
      const next = String(Number(version) + 1).padStart(16, '0');
      if ((await redis.exchange(key, version, next, record, 3600000)) !== 1) throw new Error('refused');
    }
  };
  await Promise.all(Array.from({ length: inFlight }, one));
}

await run(Math.ceil(operations / 10));
const before = process.cpuUsage();
await run(operations);
const used = process.cpuUsage(before);
console.log(JSON.stringify({ cpu_us: used.user + used.system }));
redis.disconnect();
