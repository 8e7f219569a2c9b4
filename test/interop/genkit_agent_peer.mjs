// Runs the cases of a file in Genkit and prints, for each, what every step gave: one line of JSON.
import { readFileSync } from 'node:fs';
import { genkit, z } from 'genkit/beta'; // where interrupts are
import { logger } from 'genkit/logging';

logger.setLogLevel('fatal');
const write = process.stdout.write.bind(process.stdout);
process.stdout.write = () => true; // it tells of each tool that it registers
const cases = JSON.parse(readFileSync(process.argv[2], 'utf8'));
// Its exports hide package.json.
const version = JSON.parse(readFileSync(new URL('../package.json', import.meta.resolve('genkit')), 'utf8')).version;
const plain = (value) => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)));
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const question = (message) => ({
  name: 'AUTH0_AI_INTERRUPT',
  code: 'ASSENT_AUTHORIZATION_PENDING',
  message,
  flow: 'unknown',
  kind: 'pending',
  resumable: true,
});

/** The tools of the cases; agent_genkit.cpp has the same. */
function defineTools(ai) {
  const tool = (name, body) =>
    ai.defineTool({ name, description: name, inputSchema: z.object({}).passthrough() }, body);
  const number = ai.defineTool({ name: 'number', description: 'number', inputSchema: z.object({ n: z.number() }) }, async ({ n }) => n);
  return {
    number,
    echo: tool('echo', async ({ value }) => value),
    slow: tool('slow', async ({ value }) => (await sleep(50), value)),
    ask: tool('ask', async (input, { interrupt, resumed }) => {
      if (!resumed) interrupt(question('Which one?'));
      return { input, resumed };
    }),
    twice: tool('twice', async (input, { interrupt, resumed }) => {
      if (!resumed || !resumed.final) interrupt(question('Are you sure?'));
      return 'sure';
    }),
    fail: tool('fail', async () => {
      throw new Error('broken');
    }),
    nothing: tool('nothing', async () => undefined),
    chart: ai.defineTool(
      { name: 'chart', description: 'chart', inputSchema: z.object({}).passthrough(), multipart: true },
      async ({ value, content }) => ({ output: value, content }),
    ),
  };
}

async function runCase(one) {
  const ai = genkit({});
  const tools = defineTools(ai);
  const script = structuredClone(one.model);
  const requests = [];
  const model = ai.defineModel({ name: 'scripted', apiVersion: 'v2', supports: { tools: true, multiturn: true, systemRole: true, media: true } }, async (request, { sendChunk, streamingRequested }) => {
    requests.push(plain(request.messages));
    const answer = script.shift();
    if (!answer) throw new Error('the script is at its end');
    if (answer.blocked) return { finishReason: 'blocked', finishMessage: 'SAFETY' };
    if (answer.empty) return { finishReason: 'stop' };
    if (streamingRequested) for (const part of answer.content) sendChunk({ content: [part] });
    return { message: { role: 'model', content: answer.content }, finishReason: answer.finishReason ?? 'stop' };
  });
  const steps = [];
  let messages;
  let interrupts = [];
  for (const step of one.steps) {
    const chunks = [];
    const seen = requests.length;
    try {
      const options = { model, tools: Object.values(tools), maxTurns: one.maxTurns };
      if (step.messages) options.messages = step.messages;
      else if (step.prompt !== undefined) options.messages = [...(messages ?? []), { role: 'user', content: [{ text: step.prompt }] }];
      else options.messages = messages;
      if (step.resume) {
        const of = (i) => interrupts[i];
        options.resume = {};
        if (step.resume.restart)
          options.resume.restart = step.resume.restart.map(({ i, metadata, replaceInput }) =>
            tools[of(i).toolRequest.name].restart(of(i), metadata, replaceInput ? { replaceInput } : undefined));
        if (step.resume.respond)
          options.resume.respond = step.resume.respond.map(({ i, output, metadata }) =>
            tools[of(i).toolRequest.name].respond(of(i), output, metadata ? { metadata } : undefined));
        if (step.resume.metadata) options.resume.metadata = step.resume.metadata;
      }
      if (one.stream) options.onChunk = (chunk) => chunks.push(plain({ role: chunk.role, index: chunk.index, content: chunk.content }));
      const response = await ai.generate(options);
      if (!step.keep) {
        messages = response.messages;
        interrupts = response.interrupts;
      }
      const { finishReason, finishMessage, message } = plain(response.toJSON());
      steps.push({ finishReason, finishMessage, message, messages: plain(response.messages), chunks, requests: requests.slice(seen) });
    } catch (error) {
      steps.push({ error: true, requests: requests.slice(seen) });
    }
  }
  return { name: one.name, steps };
}

const results = [];
for (const one of cases) results.push(await runCase(one));
write(JSON.stringify({ version, results }) + '\n', () => process.exit(0));
