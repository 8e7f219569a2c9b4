// The other side of the models' tests.
//
//   node models_peer.mjs mock          aimock with its fixtures; prints {"url","admin"}, ends when its standard input does.
//   node models_peer.mjs genkit FILE   what Genkit's Google plugin sends for each ModelRequest of FILE (a JSON array): prints one JSON
//                                      array of {"path", "headers", "body"}, all to a server here that answers them.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const [mode, file] = process.argv.slice(2);
const say = (line) => console.log(JSON.stringify(line));

async function mock() {
  const { LLMock } = await import('@copilotkit/aimock');
  const mock = new LLMock({ port: 0, host: '127.0.0.1', logLevel: 'silent' });
  const calls = [
    { id: 'call_1', name: 'srv__get_weather', arguments: { city: 'Paris' } },
    { id: 'call_2', name: 'srv__get_weather', arguments: { city: 'Rome' } },
  ];
  mock.on({ userMessage: 'weather', hasToolResult: false }, { toolCalls: calls });
  mock.on({ userMessage: 'weather', hasToolResult: true, toolResultContains: 'rain' }, { content: 'Take an umbrella to Rome.' });
  mock.on({ userMessage: 'broken', hasToolResult: false }, { toolCalls: [{ id: 'call_3', name: 'srv__get_weather', arguments: '{"city": ' }] });
  mock.on({ userMessage: 'broken', hasToolResult: true, toolResultContains: 'error' }, { content: 'I shall write JSON.' });
  mock.onMessage('hello', { content: 'Hi there! This is long enough to come in several pieces.' });
  mock.onMessage('cut', { content: 'This will be cut short, somewhere in the middle of its second half.' }, { truncateAfterChunks: 5, chunkSize: 8, latency: 20 });
  await mock.start();
  // What the test asks beside: how many requests came, and that the next one fails.
  const admin = createServer((request, response) => {
    const status = Number(request.url.slice('/fail/'.length));
    if (request.url.startsWith('/fail/')) mock.nextRequestError(status, { message: 'on demand', type: 'on_demand' });
    const body = JSON.stringify({ requests: mock.getRequests().length });
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': body.length }).end(body);
  });
  await new Promise((resolve) => admin.listen(0, '127.0.0.1', resolve));
  say({ url: mock.url, admin: `http://127.0.0.1:${admin.address().port}` });
  process.stdin.resume();
  process.stdin.on('end', () => mock.stop().then(() => process.exit(0)));
}

const answer = { candidates: [{ content: { role: 'model', parts: [{ text: 'ok' }] }, finishReason: 'STOP', index: 0 }] };

async function genkit() {
  const recorded = [];
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const part of request) text += part;
    recorded.push({ path: request.url, headers: request.headers, body: JSON.parse(text) });
    const streamed = request.url.includes('alt=sse');
    response.setHeader('Content-Type', streamed ? 'text/event-stream' : 'application/json');
    response.end(streamed ? `data: ${JSON.stringify(answer)}\r\n\r\n` : JSON.stringify(answer));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { genkit } = await import('genkit');
  const { googleAI } = await import('@genkit-ai/google-genai');
  const baseUrl = `http://127.0.0.1:${server.address().port}`;
  const ai = genkit({ plugins: [googleAI({ apiKey: 'a-key', baseUrl })] });
  const model = await ai.registry.lookupAction('/model/googleai/gemini-2.0-flash');
  for (const { streamed, ...request } of JSON.parse(readFileSync(file, 'utf8'))) {
    if (streamed) await model.run(request, { onChunk: () => {} });
    else await model.run(request);
  }
  say(recorded);
  process.exit(0);
}

await (mode === 'mock' ? mock() : genkit());
