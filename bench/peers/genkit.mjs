// usage: genkit.mjs RUNS TOOLS
// Prints {"calls": N, "cpu_us": X}: tool calls of RUNS generate() with a scripted model, without start-up and first runs that warm up.
import { genkit, z } from 'genkit';
import { logger } from 'genkit/logging';

const [runs, tools] = process.argv.slice(2).map(Number);
logger.setLogLevel('fatal');
const write = process.stdout.write.bind(process.stdout);
process.stdout.write = () => true; // it tells of each tool that it registers

const ai = genkit({});
const buy = ai.defineTool(
  { name: 'buy_stock', description: 'Buys', inputSchema: z.object({ ticker: z.string(), qty: z.number() }) },
  async ({ ticker }) => `bought ${ticker}`,
);
const wanted = Array.from({ length: tools }, (_, i) => ({
  toolRequest: { name: 'buy_stock', ref: `r${i}`, input: { ticker: 'ZEKO', qty: 10 } },
}));
const model = ai.defineModel({ name: 'scripted', apiVersion: 'v2', supports: { tools: true, multiturn: true } }, async (request) => ({
  message: {
    role: 'model',
    content: request.messages.at(-1).role === 'tool' ? [{ text: 'done' }] : structuredClone(wanted),
  },
  finishReason: 'stop',
}));

async function run(count) {
  for (let i = 0; i < count; ++i) {
    const { text } = await ai.generate({ model, tools: [buy], messages: [{ role: 'user', content: [{ text: 'buy' }] }] });
    if (text !== 'done') throw new Error(`unexpected answer ${text}`);
  }
}

await run(Math.max(Math.ceil(runs / 10), 50));
const before = process.cpuUsage();
await run(runs);
const used = process.cpuUsage(before);
write(JSON.stringify({ calls: runs * tools, cpu_us: used.user + used.system }) + '\n', () => process.exit(0));
