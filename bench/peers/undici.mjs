// usage: undici.mjs URL CA_FILE IN_FLIGHT REQUESTS BODY HEADERS_JSON
// Prints {"requests": N, "cpu_us": X}, without start-up and a first tenth that warms up.
import { readFileSync } from 'node:fs';
import { Pool } from 'undici';

const [url, caFile, inFlight, requests, body, headersJson] = process.argv.slice(2);
const { origin, pathname: path } = new URL(url);
const headers = JSON.parse(headersJson);
const pool = new Pool(origin, {
  connections: Number(inFlight),
  pipelining: 1,
  connect: caFile ? { ca: readFileSync(caFile) } : {},
});

async function run(count) {
  let left = count;
  const one = async () => {
    while (left-- > 0) {
      const answer = await pool.request({ path, method: 'POST', headers, body });
      const { auth_req_id: id, access_token: token } = await answer.body.json();
      if (answer.statusCode !== 200 || !(id ?? token)) throw new Error(`unexpected answer ${answer.statusCode}`);
    }
  };
  await Promise.all(Array.from({ length: Number(inFlight) }, one));
}

await run(Math.ceil(Number(requests) / 10));
const before = process.cpuUsage();
await run(Number(requests));
const used = process.cpuUsage(before);
console.log(JSON.stringify({ requests: Number(requests), cpu_us: used.user + used.system }));
await pool.close();
