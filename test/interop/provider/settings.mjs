// What the provider knows: its settings (a test may change them), its clients, its users, its APIs.

export const CIBA = 'urn:openid:params:grant-type:ciba';
export const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
export const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';

/// Where the `ping` client is notified according to its metadata, which demands https. The real target is
/// the setting `pingUrl`.
export const NOTIFICATION_ENDPOINT = 'https://127.0.0.1:1/notification';

export function initialSettings(flags) {
  return {
    interval: flags.interval === 'none' ? null : Number(flags.interval), // null: none is sent
    enforceInterval: flags['enforce-interval'], // slow_down for who polls faster
    cibaTtl: Number(flags['ciba-ttl']),
    deviceTtl: Number(flags['device-ttl']),
    atTtl: Number(flags['at-ttl']),
    rtTtl: Number(flags['rt-ttl']),
    refreshTokens: 'offline_access', // always | never | offline_access
    rotate: true,
    dpopNonce: false, // a DPoP proof needs the server's nonce
    bindingMessage: flags['binding-message'], // auth0 | default | any
    keepExpired: true, // an expired request is answered with expired_token; otherwise it is forgotten: invalid_grant
    latencyMs: 0,
    pingUrl: flags['ping-url'] ?? null, // null: the admin listener's own sink
    auto: null, // {decision: approve|deny|expire|forget, afterPolls: N or afterMs: N, match: {accountId, clientId, flow}}
  };
}

const email = (sub) => `${sub.replace(/\W/g, '.')}@example.test`;
const NAMES = ['alice', 'bob', 'auth0|alice', 'auth0|user', 'nodevice', 'auth0|nodevice'];

export function initialUsers() {
  return new Map(NAMES.map((sub) => [sub, { sub, email: email(sub) }]));
}

/// Known users who have no authentication device.
export const withoutDevice = new Set(['nodevice', 'auth0|nodevice']);

/// The APIs: resource indicator, also accepted as Auth0's `audience`, and its scopes.
export const resources = {
  'https://api.example.test/': 'read write pay stock:trade',
  'https://vault.example.test/': 'token:read',
  'https://fga.example.test/': 'fga',
};

export const authorizationDetailsTypes = {
  payment: (detail) => (typeof detail.amount === 'number' && typeof detail.currency === 'string'
    ? undefined : 'payment needs numeric amount and string currency'),
  trade_authorization: (detail) => (typeof detail.ticker === 'string' && Number.isInteger(detail.qty)
    ? undefined : 'trade_authorization needs string ticker and integer qty'),
  generic: () => undefined,
};

const publicPart = ({ d, p, q, dp, dq, qi, ...rest }) => rest;

export function makeClients(keys) {
  const client = (client_id, method, extra = {}) => ({
    client_id,
    token_endpoint_auth_method: method,
    ...(method.startsWith('client_secret') ? { client_secret: `${client_id}-secret-0123456789abcdef0123456789` } : {}),
    grant_types: [CIBA, DEVICE, 'refresh_token', 'client_credentials', EXCHANGE],
    authorization_details_types: Object.keys(authorizationDetailsTypes),
    redirect_uris: [],
    response_types: [],
    application_type: 'native',
    backchannel_token_delivery_mode: 'poll',
    ...extra,
  });
  const withKey = (client_id, key, alg) => client(client_id, 'private_key_jwt', {
    jwks: { keys: [{ ...publicPart(key), use: 'sig' }] },
    token_endpoint_auth_signing_alg: alg,
  });
  return [
    client('post', 'client_secret_post'),
    client('basic', 'client_secret_basic'),
    client('secretjwt', 'client_secret_jwt'),
    withKey('pkjwt-es', keys.clientEs, 'ES256'),
    withKey('pkjwt-rs', keys.clientRs, 'RS256'),
    client('public', 'none', { grant_types: [DEVICE, 'refresh_token'], backchannel_token_delivery_mode: undefined }),
    client('nogrant', 'client_secret_post', { grant_types: ['client_credentials'], backchannel_token_delivery_mode: undefined }),
    client('ping', 'client_secret_post', {
      backchannel_token_delivery_mode: 'ping',
      backchannel_client_notification_endpoint: NOTIFICATION_ENDPOINT,
    }),
  ];
}
