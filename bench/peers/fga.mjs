// usage: fga.mjs URL STORE_ID DOCUMENTS ROUNDS
// Prints {"checks": N, "cpu_us": X, "wall_ms": Y}, without start-up and first rounds that warm up; wall_ms is the median round's.
import { OpenFgaClient } from '@openfga/sdk';

const [apiUrl, storeId, documentsText, roundsText] = process.argv.slice(2);
const documents = Number(documentsText);
const rounds = Number(roundsText);
const fga = new OpenFgaClient({ apiUrl, storeId });

async function ask() {
  const checks = Array.from({ length: documents }, (_, i) => ({
    user: 'user:auth0|6500f0e1c2a3b4d5e6f70811',
    relation: 'viewer',
    object: `doc:${i}`,
  }));
  const { result } = await fga.batchCheck({ checks }, { maxBatchSize: 50, maxParallelRequests: 10 });
  if (result.length !== documents || result.some(({ allowed }) => !allowed)) throw new Error('unexpected answer');
}

for (let i = 0; i < 5; ++i) await ask();
const times = [];
const before = process.cpuUsage();
for (let i = 0; i < rounds; ++i) {
  const begun = performance.now();
  await ask();
  times.push(performance.now() - begun);
}
const used = process.cpuUsage(before);
times.sort((a, b) => a - b);
console.log(JSON.stringify({
  checks: documents * rounds, cpu_us: used.user + used.system, wall_ms: times[Math.floor(rounds / 2)],
}));
process.exit(0);
