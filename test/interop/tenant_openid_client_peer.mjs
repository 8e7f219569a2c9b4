// openid-client at the local tenant, over TLS: discovery, then one flow, as the library does it, signatures checked.
//
//   node tenant_openid_client_peer.mjs ciba|device ISSUER CLIENT_ID CLIENT_SECRET|-
//
// Prints {"started": what the authorization server answered}, then {"granted": {sub, scope, refreshed, rotated, gone}} or {"failed": why}.
// After the grant: refreshes, revokes the refresh token, and tries it once more.
import * as client from 'openid-client';

const [flow, issuer, id, secret] = process.argv.slice(2);
const say = (line) => console.log(JSON.stringify(line));
const why = (e) => e.error ?? e.code ?? e.message;

try {
  const authentication = secret === '-' ? client.None() : client.ClientSecretBasic(secret);
  const config = await client.discovery(new URL(issuer), id, undefined, authentication);
  client.enableNonRepudiationChecks(config);
  const scope = 'openid offline_access read:data';
  let tokens;
  if (flow === 'ciba') {
    const login_hint = JSON.stringify({ format: 'iss_sub', iss: config.serverMetadata().issuer, sub: 'auth0|alice' });
    const request = await client.initiateBackchannelAuthentication(config, { scope, login_hint, binding_message: 'Read the data' });
    say({ started: request });
    tokens = await client.pollBackchannelAuthenticationGrant(config, request);
  } else {
    const request = await client.initiateDeviceAuthorization(config, { scope });
    say({ started: request });
    tokens = await client.pollDeviceAuthorizationGrant(config, request);
  }
  const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token);
  const info = await client.fetchUserInfo(config, refreshed.access_token, tokens.claims().sub);
  await client.tokenRevocation(config, tokens.refresh_token);
  const gone = await client.refreshTokenGrant(config, refreshed.refresh_token ?? tokens.refresh_token).then(() => 'still good', why);
  say({
    granted: {
      sub: tokens.claims().sub,
      name: info.name,
      scope: tokens.scope,
      refreshed: refreshed.access_token !== tokens.access_token,
      rotated: refreshed.refresh_token !== undefined && refreshed.refresh_token !== tokens.refresh_token,
      gone,
    },
  });
} catch (e) {
  say({ failed: why(e) });
}
