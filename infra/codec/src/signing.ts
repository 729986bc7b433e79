import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { exportJWK, generateKeyPair, importJWK, SignJWT, type JWK } from 'jose';
import { CodecError } from './errors.js';

/** Of tokens that a stack signs itself; an OIDC provider takes its place in earnest. */
export const OWN_ISSUER = { issuer: 'livepod-stack', audience: 'livepod-codec' } as const;

/** A link that opens a session at a codec server. It is as good as a password while it lasts. */
export const signInLink = (codecUrl: string, token: string): string => `${codecUrl}/signin?token=${token}`;

/** Makes the key that signs sign-in links, and the key set that checks them, unless they are there. */
export async function makeSigningKey(privateFile: string, jwksFile: string): Promise<void> {
  if (existsSync(privateFile) && existsSync(jwksFile)) return;
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const kid = `stack-${Date.now().toString(36)}`;
  for (const file of [privateFile, jwksFile]) mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(
    jwksFile,
    `${JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid, alg: 'EdDSA', use: 'sig' }] })}\n`,
  );
  writeFileSync(privateFile, `${JSON.stringify({ ...(await exportJWK(privateKey)), kid, alg: 'EdDSA' })}\n`, {
    mode: 0o600,
  });
}

/**
 * A token for the codec server.
 *
 * @param who.permissions  `namespace:read` (decode) or `namespace:write` (encode, too)
 */
export async function signInToken(
  privateFile: string,
  who: { subject: string; permissions: string[]; hours: number },
): Promise<string> {
  let key: JWK;
  try {
    key = JSON.parse(await readFile(privateFile, 'utf8')) as JWK;
  } catch (cause) {
    throw new CodecError(
      'badOption',
      { file: privateFile },
      `${privateFile} holds no signing key; npm start makes one, and where an OIDC provider is trusted its ` +
        'tokens are used instead.',
      { cause },
    );
  }
  return new SignJWT({ permissions: who.permissions })
    .setProtectedHeader({ alg: 'EdDSA', kid: key.kid! })
    .setSubject(who.subject)
    .setIssuer(OWN_ISSUER.issuer)
    .setAudience(OWN_ISSUER.audience)
    .setIssuedAt()
    .setExpirationTime(`${who.hours}h`)
    .sign(await importJWK(key, 'EdDSA'));
}
