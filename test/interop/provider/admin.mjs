// The admin API: how a test plays the person, changes settings, orders faults and reads what happened. JSON in and out.
//
//   GET  ciba | device                                pending and past requests
//   POST (ciba|device)/{id|user code|latest}/{approve|deny|expire|forget}
//   POST browse {uri, userCode?, sub, decision}       a person goes through the device flow's pages, see browser.mjs
//   GET|POST config                                   the settings, see settings.mjs
//   GET|POST|DELETE faults                            see faults.mjs
//   GET|DELETE log[?since=SEQ]                        requests and answers
//   GET|DELETE pings                                  notifications sent, and what the built-in sink received
//   GET clients, POST clients, POST users, DELETE users/{sub}, GET tokens, POST revoke {grantId|sub}, GET events, GET health
//   POST reset                                        forget everything and return to the initial settings
import { walk } from './browser.mjs';
import { MODELS } from './person.mjs';

export async function readBody(req) {
  const chunks = [];
  for await (const chunk of req) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

export function sendJson(res, status, body) {
  const text = Buffer.from(JSON.stringify(body));
  res.writeHead(status, { 'content-type': 'application/json', 'content-length': text.length });
  res.end(text);
}

export function adminHandler(rig) {
  const routes = {
    'GET health': () => ({ ok: true, pid: process.pid, uptime: process.uptime(), rss: process.memoryUsage().rss }),
    'GET config': () => rig.settings,
    'POST config': (_, body) => Object.assign(rig.settings, body),
    'GET clients': () => rig.clients.map((c) => ({
      client_id: c.client_id,
      client_secret: c.client_secret,
      auth: c.token_endpoint_auth_method,
      delivery: c.backchannel_token_delivery_mode,
      grants: c.grant_types,
    })),
    'POST clients': (_, body) => { rig.storage.put('Client', body.client_id, body); return { ok: true }; },
    'POST users': (_, body) => { rig.users.set(body.sub, body); return { ok: true }; },
    'DELETE users': ([sub]) => ({ deleted: rig.users.delete(sub) }),
    'GET tokens': () => rig.storage.all((e) => /Token|ClientCredentials/.test(e.model)).map(({ model, id, payload: p }) => ({
      model, id, clientId: p.clientId, accountId: p.accountId, scope: p.scope, exp: p.exp, consumed: p.consumed, rotations: p.rotations,
    })),
    'POST revoke': (_, { grantId, sub }) => ({
      removed: rig.storage.dropWhere(({ id, payload: p }) => (grantId && (p.grantId === grantId || id === grantId)) || (sub && p.accountId === sub)),
    }),
    'POST browse': (_, body) => walk(body),
    'GET pings': () => ({ sent: rig.pings, received: rig.sink }),
    'DELETE pings': () => { rig.pings.length = 0; rig.sink.length = 0; return { ok: true }; },
    'GET events': () => rig.events,
    'GET faults': () => rig.faults.list,
    'POST faults': (_, body) => { rig.faults.add(body); return rig.faults.list; },
    'DELETE faults': () => { rig.faults.clear(); return []; },
    'GET log': (_, __, query) => rig.journal.since(Number(query.get('since') ?? 0)),
    'DELETE log': () => { rig.journal.clear(); return []; },
    'POST reset': () => { rig.reset(); return { ok: true }; },
  };
  for (const [flow, model] of Object.entries(MODELS)) {
    routes[`GET ${flow}`] = () => rig.person.list(model);
    routes[`POST ${flow}`] = async ([reference, decision], body) => {
      if (!['approve', 'deny', 'expire', 'forget'].includes(decision)) return [400, { error: 'want approve, deny, expire or forget' }];
      const id = rig.person.find(model, reference);
      return id ? rig.person.decide(model, id, decision, body) : [404, { error: 'no such request' }];
    };
  }

  return async (req, res) => {
    try {
      const url = new URL(req.url, 'http://loopback');
      const text = await readBody(req);
      if (url.pathname === '/sink') { // what a client's notification endpoint would be
        rig.sink.push({ at: Date.now(), authorization: req.headers.authorization, contentType: req.headers['content-type'], body: text });
        res.writeHead(204).end();
        return;
      }
      const [prefix, what, ...rest] = url.pathname.split('/').filter(Boolean).map(decodeURIComponent);
      const route = prefix === '_admin' && routes[`${req.method} ${what}`];
      if (!route) { sendJson(res, 404, { error: `unknown admin call ${req.method} ${url.pathname}` }); return; }
      let body;
      try { body = text ? JSON.parse(text) : {}; } catch { sendJson(res, 400, { error: 'the body is not JSON' }); return; }
      const answer = await route(rest, body, url.searchParams);
      if (Array.isArray(answer) && typeof answer[0] === 'number') sendJson(res, ...answer); else sendJson(res, 200, answer);
    } catch (e) {
      sendJson(res, 500, { error: String(e?.stack ?? e) });
    }
  };
}
