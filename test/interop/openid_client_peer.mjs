// openid-client as a peer: one CIBA request for alice at the given issuer, polled to its end as the library does it.
//
//   node openid_client_peer.mjs ISSUER CLIENT_ID CLIENT_SECRET
//
// Prints one JSON line when the request was sent, {"auth_req_id"}, and one at the end: {"granted": true, "subject"} or {"failed": why}.
import * as client from 'openid-client';

const [issuer, id, secret] = process.argv.slice(2);
const say = (line) => console.log(JSON.stringify(line));

const config = await client.discovery(new URL(issuer), id, undefined, client.ClientSecretPost(secret), {
  execute: [client.allowInsecureRequests],
});
const request = await client.initiateBackchannelAuthentication(config, {
  scope: 'openid read', resource: 'https://api.example.test/', login_hint: 'alice', binding_message: 'peer',
});
say({ auth_req_id: request.auth_req_id });
try {
  const tokens = await client.pollBackchannelAuthenticationGrant(config, request, { resource: 'https://api.example.test/' });
  say({ granted: true, subject: tokens.claims().sub });
} catch (e) {
  say({ failed: e.error ?? e.code ?? e.message });
}
