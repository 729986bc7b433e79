import type { Ed25519KeyIdentity } from '@dfinity/identity';
import { hex, unhex } from '@livepod/protocol';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { CanisterError } from './errors.js';
import { identityFromSeed } from './identity.js';
import { writeNew } from './wholeFile.js';

/** Writes `{"seed": "<64 hex digits>"}` for the owner's eyes only (mode 0600); whole, or not at all. */
export function saveIdentity(path: string, seed: Uint8Array): void {
  writeNew(path, `${JSON.stringify({ seed: hex(seed) })}\n`);
}

/** The identity in a file, made first when the file is not there. */
export function loadOrCreateIdentity(path: string): Ed25519KeyIdentity {
  if (!existsSync(path)) saveIdentity(path, randomBytes(32));
  return loadIdentity(path);
}

/** The seed in an identity file: 32 bytes, the Ed25519 private key of RFC 8032. */
export function loadSeed(path: string): Uint8Array {
  let seed: unknown;
  try {
    seed = (JSON.parse(readFileSync(path, 'utf8')) as { seed?: unknown }).seed;
  } catch (error) {
    throw new CanisterError(
      'invalid',
      { path },
      `The identity file ${path} cannot be read; name a file with {"seed": "<64 hex digits>"}.`,
      { cause: error },
    );
  }
  if (typeof seed !== 'string' || !/^[0-9a-f]{64}$/.test(seed)) {
    throw new CanisterError(
      'invalid',
      { path },
      `The identity file ${path} holds no seed; it has to be {"seed": "<64 hex digits>"}.`,
    );
  }
  return unhex(seed);
}

/** The identity in a file. */
export function loadIdentity(path: string): Ed25519KeyIdentity {
  return identityFromSeed(loadSeed(path));
}
