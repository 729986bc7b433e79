import { hash } from 'node:crypto';

/**
 * The representation-independent hash of a structured value (IC spec: Request id): the SHA-256 over the sorted pairs of
 * hashed keys and hashed values. Naturals are hashed as unsigned LEB128, negative integers as signed LEB128, text as
 * UTF-8, blobs as they are, arrays as their concatenated element hashes, maps recursively. Fields that are `undefined`
 * count as absent.
 *
 * @param value  a `Map` with text keys, or a plain object
 */
export function representationIndependentHash(value: unknown): Uint8Array {
  const fields = value instanceof Map ? [...value] : Object.entries(value as object);
  const pairs = fields
    .filter(([, content]) => content !== undefined)
    .map(([key, content]) => Buffer.concat([hashOfKey(key as string), hashValue(content)]));
  return sha256(Buffer.concat(pairs.sort(Buffer.compare)));
}

/** Requests and answers have a dozen field names between them, and to hash those anew is half the work. */
const keys = new Map<string, Uint8Array>();
const MOST_KEYS = 100;

function hashOfKey(key: string): Uint8Array {
  const known = keys.get(key);
  if (known) return known;
  const made = sha256(key);
  if (keys.size < MOST_KEYS) keys.set(key, made);
  return made;
}

function hashValue(value: unknown): Uint8Array {
  if (value instanceof Uint8Array || typeof value === 'string') return sha256(value);
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value)))
    return sha256(leb128(BigInt(value)));
  if (Array.isArray(value)) return sha256(Buffer.concat(value.map(hashValue)));
  if (value !== null && typeof value === 'object') return representationIndependentHash(value);
  throw new TypeError(
    `A value of type ${value === null ? 'null' : typeof value} has no representation-independent hash.`,
  );
}

/** Shortest LEB128: unsigned for naturals, signed for negative integers. */
export function leb128(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (;;) {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    const last = value >= 0n ? rest === 0n : rest === -1n && (low & 0x40) !== 0;
    bytes.push(last ? low : low | 0x80);
    if (last) return Uint8Array.from(bytes);
  }
}

function sha256(data: Uint8Array | string): Uint8Array {
  return new Uint8Array(hash('sha256', data, 'buffer'));
}
