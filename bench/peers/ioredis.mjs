// usage: ioredis.mjs PORT IN_FLIGHT OPERATIONS [encrypted]
// Reads records of 220 bytes and changes them by compare-exchange, one of 10,000 after the other. With `encrypted` as EncryptedStore does:
// names by HMAC, component by component, values by AES-256-GCM. Prints {"cpu_us": X}, without start-up and a first tenth that warms up.
import Redis from 'ioredis';
import { createCipheriv, createDecipheriv, createHmac, randomFillSync } from 'node:crypto';

const encrypted = process.argv[5] === 'encrypted';
const [port, inFlight, operations] = process.argv.slice(2, 5).map(Number);
const redis = new Redis({ port, host: '127.0.0.1', enableAutoPipelining: true });
redis.defineCommand('exchange', {
  numberOfKeys: 1,
  lua: `local now = redis.call('GETRANGE', KEYS[1], 0, 15)
if now ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2] .. ARGV[3], 'PX', ARGV[4])
return 1`,
});
const record = 'v'.repeat(220);
const records = 10000;
const secret = Buffer.from('0123456789abcdefghijklmnopqrstuv');

const nonces = Buffer.alloc(4092);
let drawn = nonces.length;
function seal(key, text) {
  if (drawn === nonces.length) {
    randomFillSync(nonces);
    drawn = 0;
  }
  const nonce = nonces.subarray(drawn, (drawn += 12));
  const cipher = createCipheriv('aes-256-gcm', secret, nonce);
  cipher.setAAD(Buffer.from(key));
  return Buffer.concat([nonce, cipher.update(text), cipher.final(), cipher.getAuthTag()]);
}
function open(key, sealed) {
  const decipher = createDecipheriv('aes-256-gcm', secret, sealed.subarray(0, 12));
  decipher.setAAD(Buffer.from(key));
  decipher.setAuthTag(sealed.subarray(sealed.length - 16));
  return decipher.update(sealed.subarray(12, sealed.length - 16), undefined, 'utf8') + decipher.final('utf8');
}
function hide(components) {
  let before = '';
  return components.map((component) => (before = createHmac('sha256', secret).update(before).update(component).digest('base64url').slice(0, 22)));
}

async function run(count) {
  let left = count;
  const one = async (_, first) => {
    for (let number = first; left >= 2; number = (number + inFlight) % records) {
      left -= 2;
      const names = ['https://tenant.eu.auth0.com/', `auth0|${1000000000 + number * 7919}`, 'ciba-0123456789abcdef', 'n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg'];
      const key = 'ioredis:authorization:' + (encrypted ? hide(names) : names).join(':');
      const value = await (encrypted ? redis.getBuffer(key) : redis.get(key));
      const version = value === null ? '' : value.toString('latin1', 0, 16).slice(0, 16);
      if (encrypted && value !== null && open(key, value.subarray(16)).length !== key.length + record.length) throw new Error('not what was written');
      const next = String(Number(version) + 1).padStart(16, '0');
      const written = encrypted ? seal(key, key + record) : record;
      if ((await redis.exchange(key, version, next, written, 3600000)) !== 1) throw new Error('refused');
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
