// Signing keys: made at start, or kept in a folder when a client must read its private key.
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

function makeKey(folder, name, type, options) {
  const file = folder && path.join(folder, `${name}.jwk.json`);
  if (file && fs.existsSync(file)) return JSON.parse(fs.readFileSync(file, 'utf8'));
  const { privateKey } = crypto.generateKeyPairSync(type, options);
  const jwk = { ...privateKey.export({ format: 'jwk' }), kid: name };
  if (file) {
    fs.writeFileSync(file, JSON.stringify(jwk), { mode: 0o600 });
    fs.writeFileSync(path.join(folder, `${name}.pem`), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  }
  return jwk;
}

export function makeKeys(folder) {
  if (folder) fs.mkdirSync(folder, { recursive: true });
  return {
    provider: [
      { ...makeKey(folder, 'provider-rs256', 'rsa', { modulusLength: 2048 }), alg: 'RS256', use: 'sig' },
      { ...makeKey(folder, 'provider-es256', 'ec', { namedCurve: 'P-256' }), alg: 'ES256', use: 'sig' },
      { ...makeKey(folder, 'provider-ed25519', 'ed25519', {}), alg: 'EdDSA', use: 'sig' },
    ],
    clientEs: makeKey(folder, 'client-es256', 'ec', { namedCurve: 'P-256' }),
    clientRs: makeKey(folder, 'client-rs256', 'rsa', { modulusLength: 2048 }),
  };
}
