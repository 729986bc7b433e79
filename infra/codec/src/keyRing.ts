import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { unhex } from '@livepod/protocol';
import { CodecError } from './errors.js';

/** Keys by id (AES-256, 64 hex digits each): the active one encrypts, all decrypt. */
export interface Keys {
  active: string;
  keys: Record<string, string>;
}

/** What a key ring file holds. */
export interface RingFile extends Keys {
  /** The Temporal namespace whose payloads these keys protect. */
  namespace: string;
  /** Keys held in common with another namespace, by its name: for what crosses to it and back. */
  shared?: Record<string, Keys>;
  /**
   * Of a provider: the namespace that its workflows work for. What they take and return is encrypted for it, their
   * activities' payloads are not.
   */
  customer?: string;
}

/** One key, and the namespaces that hold it. */
export interface Key {
  id: string;
  secret: Uint8Array;
  namespaces: readonly string[];
}

const LOOKED_AT_EVERY = 1_000;

/**
 * The keys in a file, which may change while they are in use: a rotation reaches running processes within a second.
 *
 * AES-GCM with random nonces is good for 2³² payloads per key (NIST SP 800-38D §8.3); rotate before that.
 */
export class KeyRing {
  private ring: RingFile;
  private byId: Map<string, Key>;
  private stamp: string;
  private looked = Date.now();

  /** @throws CodecError `badKeyRing` */
  constructor(readonly path: string) {
    this.stamp = stampOf(path);
    this.ring = readRing(path);
    this.byId = keysOf(this.ring);
  }

  get namespace(): string {
    return this.ring.namespace;
  }
  get customer(): string | undefined {
    return this.current().customer;
  }
  /** Whether a key is held in common with that namespace. */
  shares(peer: string): boolean {
    return this.current().shared?.[peer] !== undefined;
  }

  /** The key to encrypt with: our own, or the one held in common with `peer`. @throws CodecError `unknownKey` */
  active(peer?: string): Key {
    const keysIn = (ring: RingFile): Keys | undefined => (peer === undefined ? ring : ring.shared?.[peer]);
    const keys = keysIn(this.current()) ?? keysIn(this.current(true));
    if (!keys)
      throw new CodecError(
        'unknownKey',
        { peer },
        `No key is shared with namespace ${peer}; make one with livepod codec share ${peer}, and hand it over.`,
      );
    return this.byId.get(keys.active)!;
  }

  /** @throws CodecError `unknownKey` */
  key(id: string): Key {
    const found = this.byId.get(id) ?? (this.current(true), this.byId.get(id));
    if (!found)
      throw new CodecError(
        'unknownKey',
        { key: id },
        `Key ${id} is not in the key ring of namespace ${this.namespace}; a payload of another owner, or a ` +
          'key that was removed too early.',
      );
    return found;
  }

  private current(now = false): RingFile {
    if (now || Date.now() - this.looked > LOOKED_AT_EVERY) {
      this.looked = Date.now();
      const stamp = stampOf(this.path);
      if (stamp !== this.stamp) {
        this.ring = readRing(this.path);
        this.byId = keysOf(this.ring);
        this.stamp = stamp;
      }
    }
    return this.ring;
  }
}

/** A ring with one fresh key, not written anywhere. */
export const newRing = (namespace: string): RingFile => ({ namespace, ...newKeys() });

/**
 * Adds a key and makes it the active one; those before it still decrypt. Returns the new key's id. @param peer the key
 * held in common with it, instead of our own
 */
export function rotate(path: string, peer?: string): string {
  const ring = readRing(path);
  const keys = peer === undefined ? ring : ring.shared?.[peer];
  if (!keys)
    throw new CodecError(
      'badOption',
      { peer },
      `${path} shares no key with namespace ${peer}; there is ${Object.keys(ring.shared ?? {}).join(', ') || 'none'}.`,
    );
  const fresh = newKeys();
  Object.assign(keys.keys, fresh.keys);
  keys.active = fresh.active;
  writeRing(path, ring);
  return fresh.active;
}

/**
 * The keys held in common with `peer`, made first when there are none. What it returns is for the peer alone, which
 * takes it by `acceptShare`.
 */
export function share(path: string, peer: string): { namespace: string } & Keys {
  const ring = readRing(path);
  ring.shared ??= {};
  ring.shared[peer] ??= newKeys();
  writeRing(path, ring);
  return { namespace: ring.namespace, ...ring.shared[peer] };
}

/**
 * Takes up keys that another namespace shares with this one, and lets our workflows work for it.
 *
 * @throws CodecError `badKeyRing` when it is no share; the ring stays as it is
 */
export function acceptShare(path: string, { namespace, active, keys }: { namespace: string } & Keys): void {
  const ring = readRing(path);
  checked({ namespace, active, keys }, 'that is to be accepted');
  ring.shared = { ...ring.shared, [namespace]: { active, keys: { ...ring.shared?.[namespace]?.keys, ...keys } } };
  ring.customer ??= namespace;
  writeRing(path, ring);
}

/** @throws CodecError `badKeyRing` naming what is wrong, never a key */
export function readRing(path: string): RingFile {
  let ring: RingFile;
  try {
    ring = JSON.parse(readFileSync(path, 'utf8')) as RingFile;
  } catch (cause) {
    throw new CodecError(
      'badKeyRing',
      { path },
      `The key ring ${path} cannot be read: ` +
        `${cause instanceof SyntaxError ? 'it is not JSON' : (cause as Error).message}. Set-up writes one; ` +
        'LIVEPOD_CODEC_KEYS names it.',
    );
  }
  return checked(ring, path);
}

function checked(ring: RingFile, path: string): RingFile {
  const wrong = (what: string): CodecError =>
    new CodecError(
      'badKeyRing',
      { path },
      `The key ring ${path} is wrong: ${what}. It has to be {"namespace", "active", "keys": {id: 64 hex digits}}.`,
    );
  if (typeof ring !== 'object' || ring === null) throw wrong('it is no object');
  if (typeof ring.namespace !== 'string' || ring.namespace === '') throw wrong('it names no namespace');
  for (const [name, { active, keys }] of [['', ring] as const, ...Object.entries(ring.shared ?? {})]) {
    const of = name && `, shared with ${name}`;
    if (typeof keys !== 'object' || keys === null) throw wrong(`it has no keys${of}`);
    for (const [id, key] of Object.entries(keys))
      if (!/^[0-9a-f]{64}$/.test(key)) throw wrong(`key ${id}${of} is not 64 hex digits`);
    if (!(active in keys)) throw wrong(`its active key ${active}${of} is not among its keys`);
  }
  if (ring.customer !== undefined && !ring.shared?.[ring.customer])
    throw wrong(`it shares no key with its customer ${ring.customer}`);
  return ring;
}

/** Atomic, and for its owner's eyes only. @throws CodecError `notWritten`; what was there is still there */
export function writeRing(path: string, ring: RingFile): void {
  const fresh = `${path}.${process.pid}`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(fresh, `${JSON.stringify(ring, null, 1)}\n`, { mode: 0o600 });
    renameSync(fresh, path);
  } catch (cause) {
    rmSync(fresh, { force: true });
    throw new CodecError(
      'notWritten',
      { path },
      `The key ring ${path} cannot be written (${(cause as Error).message}); make room, or let it be written, then ` +
        'repeat.',
      { cause },
    );
  }
}

function newKeys(): Keys {
  const id = `k${new Date().toISOString().slice(0, 10).replaceAll('-', '')}-${randomBytes(4).toString('hex')}`;
  return { active: id, keys: { [id]: randomBytes(32).toString('hex') } };
}

function keysOf(ring: RingFile): Map<string, Key> {
  const of = (keys: Keys, namespaces: string[]): [string, Key][] =>
    Object.entries(keys.keys).map(([id, secret]) => [id, { id, secret: unhex(secret), namespaces }]);
  return new Map([
    ...of(ring, [ring.namespace]),
    ...Object.entries(ring.shared ?? {}).flatMap(([peer, keys]) => of(keys, [ring.namespace, peer])),
  ]);
}

function stampOf(path: string): string {
  try {
    const { mtimeMs, ino, size } = statSync(path);
    return `${mtimeMs} ${ino} ${size}`;
  } catch {
    return 'absent'; // readRing says it
  }
}
