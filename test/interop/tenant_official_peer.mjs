// The official SDK's authorizers at the local tenant, over TLS.
//
//   node tenant_official_peer.mjs ciba|ciba-block|device|vault DOMAIN CLIENT_ID CLIENT_SECRET [REFRESH_TOKEN]
//
// Calls a protected tool again and again, each second at most. Prints one JSON line for each interrupt that is new, {"interrupt": its JSON},
// and one when the tool has run, {"ran": the credentials}, or was refused, {"refused": why}.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { AsyncAuthorizerBase } = require('@auth0/ai/AsyncAuthorization');
const { DeviceAuthorizerBase } = require('@auth0/ai/Device');
const { TokenVaultAuthorizerBase } = require('@auth0/ai/TokenVault');
const { getAsyncAuthorizationCredentials } = require('@auth0/ai/AsyncAuthorization');
const { getDeviceAuthorizerCredentials } = require('@auth0/ai/Device');
const { getCredentialsFromTokenVault } = require('@auth0/ai/TokenVault');
const { MemoryStore } = require('@auth0/ai/stores');

const [flow, domain, clientId, clientSecret, refreshToken] = process.argv.slice(2);
const say = (line) => console.log(JSON.stringify(line));
const store = new MemoryStore();
const context = () => ({ threadID: 'thread-1', toolName: 'tool', toolCallID: 'call-1' });

function authorizer() {
  switch (flow) {
    case 'ciba':
    case 'ciba-block':
      return new AsyncAuthorizerBase({ domain, clientId, clientSecret }, {
        store,
        scopes: ['stock:trade'],
        userID: 'auth0|alice',
        bindingMessage: 'Buy 10 ZEKO',
        audience: 'https://api.example.com/',
        authorizationDetails: [{ type: 'trade', qty: 10 }],
        onAuthorizationRequest: flow === 'ciba' ? 'interrupt' : 'block',
      });
    case 'device':
      return new DeviceAuthorizerBase({ domain, clientId }, { store, scopes: ['openid', 'offline_access', 'read:data'] });
    default:
      return new TokenVaultAuthorizerBase({ domain, clientId, clientSecret }, {
        store,
        connection: 'google-oauth2',
        scopes: ['email'],
        refreshToken: async () => refreshToken,
      });
  }
}

const credentials = {
  ciba: getAsyncAuthorizationCredentials,
  'ciba-block': getAsyncAuthorizationCredentials,
  device: getDeviceAuthorizerCredentials,
  vault: getCredentialsFromTokenVault,
}[flow];
let ran = null;
const tool = authorizer().protect(context, async () => {
  ran = credentials();
  return 'done';
});

let last = '';
for (let tries = 0; tries < 40 && !ran; ++tries) {
  try {
    const returned = await tool({});
    if (returned !== 'done') {
      say({ refused: returned?.toJSON?.() ?? String(returned) });
      process.exit(0);
    }
  } catch (interrupt) {
    if (!interrupt.toJSON) throw interrupt;
    const json = interrupt.toJSON();
    if (json.code !== last) say({ interrupt: json });
    last = json.code;
    await new Promise((resolve) => setTimeout(resolve, 1050));
  }
}
say({ ran });
