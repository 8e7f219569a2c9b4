// RFC 8693 on top of the provider's own tokens. node-oidc-provider has no token exchange, so this part is ours and no
// independent evidence.
import { errors } from 'oidc-provider';
import { resources } from './settings.mjs';

const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const REFRESH_TOKEN = 'urn:ietf:params:oauth:token-type:refresh_token';
export const PARAMETERS = [
  'subject_token', 'subject_token_type', 'actor_token', 'actor_token_type', 'requested_token_type', 'audience', 'resource', 'scope',
];

export const tokenExchange = (rig) => async (ctx) => {
  const { params, client, provider } = ctx.oidc;
  for (const name of ['subject_token', 'subject_token_type']) {
    if (!params[name]) throw new errors.InvalidRequest(`missing required parameter(s) (${name})`);
  }
  if (![ACCESS_TOKEN, REFRESH_TOKEN].includes(params.subject_token_type)) throw new errors.InvalidRequest('unsupported subject_token_type');
  if (params.requested_token_type && params.requested_token_type !== ACCESS_TOKEN) throw new errors.InvalidRequest('unsupported requested_token_type');
  if (params.actor_token && !params.actor_token_type) throw new errors.InvalidRequest('actor_token_type is required with actor_token');

  const model = params.subject_token_type === ACCESS_TOKEN ? 'AccessToken' : 'RefreshToken';
  const subject = await provider[model].find(params.subject_token);
  if (!subject) throw new errors.InvalidGrant('subject_token is invalid, expired or revoked');

  const token = new provider.AccessToken({ accountId: subject.accountId, client, grantId: subject.grantId, gty: 'token_exchange' });
  const wanted = (params.scope ?? subject.scope ?? '').split(' ').filter(Boolean);
  const target = params.resource ?? params.audience;
  if (target === undefined) {
    token.scope = wanted.join(' ') || undefined;
  } else {
    if (!(target in resources)) throw new errors.InvalidTarget();
    token.resourceServer = new provider.ResourceServer(target, rig.resourceServer(target));
    const refused = wanted.filter((scope) => params.scope && !token.resourceServer.scopes.has(scope));
    if (refused.length) throw new errors.InvalidScope('requested scope is not allowed', refused.join(' '));
    token.scope = wanted.filter((scope) => token.resourceServer.scopes.has(scope)).join(' ') || undefined;
  }
  ctx.oidc.entity('AccessToken', token);
  const access_token = await token.save();
  ctx.body = {
    access_token,
    issued_token_type: ACCESS_TOKEN,
    token_type: token.tokenType,
    expires_in: token.expiration,
    ...(token.scope ? { scope: token.scope } : {}),
  };
};
