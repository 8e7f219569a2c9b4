// A real OpenID provider, node-oidc-provider, on loopback, with CIBA (poll and ping) and the device flow. Its person and
// its faults are ordered over an admin API (provider/admin.mjs).
//
//   node oidc_provider.mjs [flags]
//     --port 0                 --admin-port 0        0: any free port; always 127.0.0.1
//     --tls good|wrong-host|self-signed|expired      https://localhost:PORT with that certificate
//     --certs FOLDER           made by make_certs.sh; needed with --tls
//     --mutual-tls            also listens on a port that asks for client certificates (mtls_endpoint_aliases); needs --tls
//     --routes standard|auth0  auth0: /bc-authorize, /oauth/token, /oauth/device/code, and an issuer that ends in a slash
//     --interval 5|none        --enforce-interval    what clients are told; slow_down for who polls faster
//     --ciba-ttl --device-ttl --at-ttl --rt-ttl      seconds
//     --binding-message auth0|default|any            which texts are accepted
//     --ping-url URL           where the client `ping` is notified; default: a sink of the admin listener
//     --keys FOLDER            keep the signing keys there; default: new ones at every start
//     --watch-stdin            exit when stdin closes, so that nothing is left when whoever started it dies
//
// Prints one JSON line when it listens: {"issuer","admin","pid","routes"}. Everything OAuth is node-oidc-provider's own, except
// what it lacks: the member `interval`, slow_down, and token exchange. Clients, users and APIs: provider/settings.mjs.
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Provider, errors } from 'oidc-provider';
import { adminHandler, readBody } from './provider/admin.mjs';
import { Faults, apply } from './provider/faults.mjs';
import { Journal } from './provider/journal.mjs';
import { makeKeys } from './provider/keys.mjs';
import { Person } from './provider/person.mjs';
import * as mutualTls from './provider/mutual_tls.mjs';
import * as known from './provider/settings.mjs';
import { Storage } from './provider/storage.mjs';
import { PARAMETERS, tokenExchange } from './provider/token_exchange.mjs';

const { values: flags } = parseArgs({ options: {
  port: { type: 'string', default: '0' },
  'admin-port': { type: 'string', default: '0' },
  tls: { type: 'string' },
  certs: { type: 'string' },
  'mutual-tls': { type: 'boolean', default: false },
  routes: { type: 'string', default: 'standard' },
  interval: { type: 'string', default: '5' },
  'enforce-interval': { type: 'boolean', default: false },
  'ciba-ttl': { type: 'string', default: '120' },
  'device-ttl': { type: 'string', default: '120' },
  'at-ttl': { type: 'string', default: '300' },
  'rt-ttl': { type: 'string', default: '3600' },
  'binding-message': { type: 'string', default: 'auth0' },
  'ping-url': { type: 'string' },
  keys: { type: 'string' },
  'watch-stdin': { type: 'boolean', default: false },
} });
if (flags.tls && !flags.certs) { console.error('--tls needs --certs FOLDER (make_certs.sh makes it)'); process.exit(2); }

const LOOPBACK = '127.0.0.1';
const routesOf = () => (flags.routes === 'auth0' ? AUTH0_ROUTES : {});

const AUTH0_ROUTES = {
  backchannel_authentication: '/bc-authorize',
  token: '/oauth/token',
  device_authorization: '/oauth/device/code',
  code_verification: '/activate',
  jwks: '/.well-known/jwks.json',
  revocation: '/oauth/revoke',
};

const settings = known.initialSettings(flags);
const storage = new Storage(settings);
const keys = makeKeys(flags.keys);
const rig = {
  settings,
  storage,
  person: new Person(settings, storage),
  faults: new Faults(),
  journal: new Journal(),
  clients: known.makeClients(keys),
  users: known.initialUsers(),
  pings: [], // notifications sent
  sink: [], // notifications that our own sink received
  events: [], // errors that the provider reported
  resourceServer: (id) => ({
    audience: id, scope: known.resources[id], accessTokenTTL: settings.atTtl, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } },
  }),
  reset() {
    Object.assign(settings, known.initialSettings(flags));
    storage.dropWhere((entry) => entry.model !== 'Client');
    rig.person.polls.clear();
    rig.faults.clear();
    rig.journal.clear();
    rig.users.clear();
    for (const [sub, user] of known.initialUsers()) rig.users.set(sub, user);
    for (const list of [rig.pings, rig.sink, rig.events]) list.length = 0;
  },
};

// The subject, plain or as Auth0 wants it: {"format":"iss_sub","iss":"https://DOMAIN/","sub":"..."}.
function subjectOfHint(hint, issuer) {
  if (!hint.startsWith('{')) return hint;
  let parsed;
  try { parsed = JSON.parse(hint); } catch { throw new errors.InvalidRequest('login_hint is not valid JSON'); }
  if (parsed.format !== 'iss_sub') throw new errors.InvalidRequest('unsupported login_hint format');
  const bare = (url) => String(url).replace(/\/$/, '');
  if (bare(parsed.iss) !== bare(issuer)) throw new errors.InvalidRequest('login_hint iss does not match the issuer');
  return parsed.sub;
}

function checkBindingMessage(message) {
  if (message === undefined || settings.bindingMessage === 'any') return;
  const accepted = settings.bindingMessage === 'auth0' ? /^[a-zA-Z0-9\s+\-_.,:#]{1,64}$/ : /^[a-zA-Z0-9-._+/!?#]{1,20}$/;
  if (!accepted.test(message)) throw new errors.InvalidBindingMessage(`binding_message must match ${accepted.source}`);
}

// The provider calls out for one reason only here: to notify the client `ping`.
async function notify(url, options) {
  if (new URL(url).href !== known.NOTIFICATION_ENDPOINT) throw new Error(`refusing to call ${url}`);
  const target = settings.pingUrl ?? rig.sinkUrl;
  const ping = { at: Date.now(), url: target, headers: Object.fromEntries(new Headers(options.headers)), body: options.body };
  rig.pings.push(ping);
  try {
    const answer = await fetch(target, { method: options.method, headers: ping.headers, body: options.body, signal: AbortSignal.timeout(2500) });
    ping.status = answer.status;
    return answer;
  } catch (e) {
    ping.error = String(e.cause?.message ?? e.message);
    throw e;
  }
}

function configuration(issuer, mutualTlsOrigin) {
  const authorizationDetails = Object.fromEntries(Object.entries(known.authorizationDetailsTypes).map(([type, check]) => [type, {
    validate(ctx, detail) {
      const problem = check(detail);
      if (problem) throw new errors.InvalidAuthorizationDetails(problem);
    },
  }]));
  return {
    adapter: storage.adapter(),
    clients: rig.clients,
    jwks: { keys: keys.provider },
    scopes: ['openid', 'offline_access', 'email', 'profile'],
    claims: { openid: ['sub'], email: ['email'] },
    cookies: { keys: ['interop-only'] },
    clientAuthMethods: ['none', 'client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt',
      ...(mutualTlsOrigin ? ['tls_client_auth', 'self_signed_tls_client_auth'] : [])],
    enabledJWA: { dPoPSigningAlgValues: ['ES256', 'EdDSA', 'RS256', 'PS256'] },
    ...(mutualTlsOrigin ? { discovery: mutualTls.aliases(mutualTlsOrigin, routesOf()) } : {}),
    extraParams: ['audience'],
    fetch: notify,
    findAccount: (ctx, sub) => (rig.users.has(sub) ? { accountId: sub, claims: () => ({ ...rig.users.get(sub) }) } : undefined),
    issueRefreshToken: (ctx, client, source) => client.grantTypeAllowed('refresh_token')
      && (settings.refreshTokens === 'always' || (settings.refreshTokens === 'offline_access' && source.scopes.has('offline_access'))),
    rotateRefreshToken: () => settings.rotate,
    ttl: {
      AccessToken: () => settings.atTtl,
      ClientCredentials: () => settings.atTtl,
      IdToken: () => settings.atTtl,
      RefreshToken: () => settings.rtTtl,
      Grant: () => 86400,
      Session: () => 3600,
      Interaction: () => 600,
      DeviceCode: () => settings.deviceTtl,
      BackchannelAuthenticationRequest: (ctx) => {
        const wanted = Number(ctx?.oidc?.params?.requested_expiry ?? 0);
        return wanted > 0 ? Math.min(wanted, settings.cibaTtl) : settings.cibaTtl;
      },
    },
    routes: routesOf(),
    features: {
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      deviceFlow: { enabled: true },
      devInteractions: { enabled: true },
      dPoP: { enabled: true, nonceSecret: crypto.randomBytes(32), requireNonce: () => settings.dpopNonce },
      ...(mutualTlsOrigin ? { mTLS: mutualTls.feature } : {}),
      resourceIndicators: {
        enabled: true,
        defaultResource: (ctx, client, oneOf) => {
          const audience = ctx.oidc.params?.audience ?? ctx.oidc.body?.audience;
          if (typeof audience !== 'string' || !audience) return oneOf ? oneOf[0] : undefined;
          if (!(audience in known.resources)) throw new errors.InvalidTarget(`unknown audience ${audience}`);
          return audience;
        },
        useGrantedResource: () => true,
        getResourceServerInfo: (ctx, id) => {
          if (!(id in known.resources)) throw new errors.InvalidTarget();
          return rig.resourceServer(id);
        },
      },
      richAuthorizationRequests: {
        enabled: true,
        types: authorizationDetails,
        authorizationDetailsForGrantSource: (ctx, source) => source.rar ?? ctx.oidc.grant?.rar,
        authorizationDetailsForAccessToken: (ctx, token, source) => source?.rar
          ?? (ctx.oidc.params.authorization_details ? JSON.parse(ctx.oidc.params.authorization_details) : undefined),
        authorizationDetailsForIntrospection: (ctx, token) => token.rar,
      },
      ciba: {
        enabled: true,
        deliveryModes: ['poll', 'ping'],
        processLoginHint: (ctx, hint) => {
          const subject = subjectOfHint(hint, issuer);
          return rig.users.has(subject) ? subject : undefined;
        },
        processLoginHintToken: () => { throw new errors.ExpiredLoginHintToken('login_hint_token is expired'); },
        verifyUserCode: (ctx, account, code) => {
          if (code !== undefined && code !== '0000') throw new errors.InvalidUserCode('wrong user_code');
        },
        validateRequestContext: () => {},
        validateBindingMessage: (ctx, message) => checkBindingMessage(message),
        triggerAuthenticationDevice: async (ctx, request, account) => {
          // What Auth0 answers for a user who has not enrolled for push notifications.
          if (known.withoutDevice.has(account.accountId)) throw new errors.InvalidRequest('User does not have push notifications enabled');
          rig.person.notified(request);
        },
      },
    },
  };
}

function makeProvider(issuer, mutualTlsOrigin) {
  const provider = new Provider(issuer, configuration(issuer, mutualTlsOrigin));
  provider.registerGrantType(known.EXCHANGE, tokenExchange(rig), PARAMETERS);
  provider.use(async (ctx, next) => {
    await next();
    const started = ctx.status === 200 && (ctx.body?.auth_req_id || ctx.body?.device_code);
    if (started && settings.interval != null) ctx.body.interval = settings.interval;
  });
  for (const event of ['grant.error', 'backchannel_authentication.error', 'device_authorization.error', 'server_error']) {
    provider.on(event, (ctx, error) => {
      rig.events.push({ at: Date.now(), event, error: error.message, detail: error.error_detail });
      if (event === 'server_error') console.error(error);
    });
  }
  rig.person.serve(provider);
  return provider.callback();
}

let answer;
async function handle(req, res) {
  const { pathname, search } = new URL(req.url, 'http://loopback');
  const body = req.method === 'POST' ? await readBody(req) : undefined;
  const fault = rig.faults.take(req.method, pathname, body);
  const entry = rig.journal.add({
    method: req.method, path: pathname, query: search || undefined, headers: req.headers, body, ...(fault ? { fault: fault.kind } : {}),
  });
  if (fault && await apply(fault, req, res)) return;
  if (settings.latencyMs) await new Promise((resolve) => { setTimeout(resolve, settings.latencyMs); });
  if (body !== undefined) req.body = body; // the provider takes a body that was read before
  rig.journal.watch(res, entry);
  answer(req, res);
}

const onRequest = (req, res) => handle(req, res).catch((e) => { console.error(e); req.socket.destroy(); });
const certificate = flags.tls && {
  key: fs.readFileSync(path.join(flags.certs, `${flags.tls}.key`)),
  cert: fs.readFileSync(path.join(flags.certs, `${flags.tls}.crt`)),
};
const server = certificate ? https.createServer(certificate, onRequest) : http.createServer(onRequest);
const adminServer = http.createServer(adminHandler(rig));
const listen = (listener, port) => new Promise((resolve, reject) => {
  listener.on('error', reject);
  listener.listen(Number(port), LOOPBACK, 4096, () => resolve(listener.address().port));
});

const adminPort = await listen(adminServer, flags['admin-port']);
const port = await listen(server, flags.port);
rig.sinkUrl = `http://${LOOPBACK}:${adminPort}/sink`;
const origin = certificate ? `https://localhost:${port}` : `http://${LOOPBACK}:${port}`;
const issuer = flags.routes === 'auth0' ? `${origin}/` : origin;
const mutualTlsServer = flags['mutual-tls'] ? https.createServer(mutualTls.serverOptions(certificate, flags.certs), onRequest) : undefined;
const mutualTlsOrigin = mutualTlsServer && `https://localhost:${await listen(mutualTlsServer, 0)}`;
answer = makeProvider(issuer, mutualTlsOrigin);
console.log(JSON.stringify({ issuer, admin: `http://${LOOPBACK}:${adminPort}/_admin`, pid: process.pid, routes: flags.routes }));

const stop = () => process.exit(0);
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
if (flags['watch-stdin']) process.stdin.on('end', stop).on('error', stop).resume();
