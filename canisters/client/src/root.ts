import { ed25519 } from '@noble/curves/ed25519.js';
import { hex, sha256, utf8 } from '@livepod/protocol';
import { CanisterError } from './errors.js';

/**
 * TUF root metadata (spec 1.0.31 §4.3): who may sign what. The DAO's keys sign root, the models canister's chain key
 * signs the rest.
 */
export interface RootRequest {
  /** 1 for the first; each next one by one. */
  version: number;
  /** Ed25519 seeds of the DAO's root keys; all of them sign. */
  daoSeeds: Uint8Array[];
  /** Signatures a client wants to see; 2 of 3 unless said. */
  threshold?: number;
  /** The models canister's Ed25519 chain key, 32 bytes (its `public_key`). */
  chainKey: Uint8Array;
  /** When the root goes stale. Default: in five years. */
  expires?: Date;
  /** At a change of keys: seeds of the keys it replaces, which sign too (TUF §6.1). */
  previousSeeds?: Uint8Array[];
}

/** A signed root.json, as bytes. The same request gives the same bytes. */
export function makeRoot(request: RootRequest): Uint8Array {
  const threshold = request.threshold ?? 2;
  const daoKeys = request.daoSeeds.map((seed) => key(ed25519.getPublicKey(seed)));
  const chainKey = key(request.chainKey);
  if (new Set(daoKeys.map(({ id }) => id)).size !== daoKeys.length || daoKeys.length < threshold || threshold < 1) {
    throw new CanisterError(
      'invalid',
      { keys: daoKeys.length, threshold },
      'A root needs as many different DAO keys as its threshold says; give three seeds.',
    );
  }
  const signed = {
    _type: 'root',
    spec_version: '1.0.31',
    consistent_snapshot: true,
    version: request.version,
    expires: (request.expires ?? new Date(Date.now() + 5 * 365 * 86_400_000)).toISOString().replace(/\.\d+Z$/, 'Z'),
    keys: Object.fromEntries([...daoKeys, chainKey].map(({ id, value }) => [id, value])),
    roles: {
      root: { keyids: daoKeys.map(({ id }) => id), threshold },
      targets: { keyids: [chainKey.id], threshold: 1 },
      snapshot: { keyids: [chainKey.id], threshold: 1 },
      timestamp: { keyids: [chainKey.id], threshold: 1 },
    },
  };
  const message = olpcJson(signed);
  const signatures = [...request.daoSeeds, ...(request.previousSeeds ?? [])].map((seed) => ({
    keyid: key(ed25519.getPublicKey(seed)).id,
    sig: hex(ed25519.sign(message, seed)),
  }));
  return utf8(JSON.stringify({ signatures, signed }));
}

/** A key as TUF writes it, and its id: SHA-256 of its canonical JSON (spec §4.2). */
export function key(publicKey: Uint8Array): {
  id: string;
  value: { keytype: 'ed25519'; keyval: { public: string }; scheme: 'ed25519' };
} {
  const value = { keytype: 'ed25519', keyval: { public: hex(publicKey) }, scheme: 'ed25519' } as const;
  return { id: hex(sha256(olpcJson(value))), value };
}

/**
 * OLPC canonical JSON: sorted keys, no blanks, integers only, strings with only `"` and `\` escaped. What TUF
 * signatures cover.
 */
export function olpcJson(value: unknown): Uint8Array {
  return utf8(olpc(value));
}

function olpc(value: unknown): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return `"${value.replace(/[\\"]/g, (escaped) => `\\${escaped}`)}"`;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value);
  if (Array.isArray(value)) return `[${value.map(olpc).join(',')}]`;
  if (typeof value === 'object') {
    const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${fields.map(([name, field]) => `${olpc(name)}:${olpc(field)}`).join(',')}}`;
  }
  throw new CanisterError(
    'invalid',
    { value: String(value) },
    'Canonical JSON holds objects, arrays, text, whole numbers, booleans and null only.',
  );
}
