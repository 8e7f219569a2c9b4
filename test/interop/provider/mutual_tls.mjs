// Mutual TLS (RFC 8705): a listener of its own that asks for a client certificate; the metadata names its endpoints as
// mtls_endpoint_aliases. A certificate that no authority of ours issued is let through: whether it is good is for the client's method.
import fs from 'node:fs';
import path from 'node:path';

const certificateOf = (ctx) => ctx.req.socket.getPeerX509Certificate?.();

export const feature = {
  enabled: true,
  certificateBoundAccessTokens: true,
  selfSignedTlsClientAuth: true,
  tlsClientAuth: true,
  getCertificate: (ctx) => certificateOf(ctx)?.toString(),
  certificateAuthorized: (ctx) => ctx.req.socket.authorized,
  certificateSubjectMatches: (ctx, property, expected) => {
    if (property !== 'tls_client_auth_san_dns') throw new Error(`${property} is not known here`);
    return certificateOf(ctx).subjectAltName === `DNS:${expected}`;
  },
};

export const serverOptions = (certificate, folder) => ({
  ...certificate, ca: fs.readFileSync(path.join(folder, 'ca.crt')), requestCert: true, rejectUnauthorized: false,
});

export const aliases = (origin, routes) => ({
  mtls_endpoint_aliases: {
    token_endpoint: origin + (routes.token ?? '/token'),
    backchannel_authentication_endpoint: origin + (routes.backchannel_authentication ?? '/backchannel'),
    device_authorization_endpoint: origin + (routes.device_authorization ?? '/device/auth'),
    userinfo_endpoint: `${origin}/me`,
  },
});
