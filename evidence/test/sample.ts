/** The sample of docs/, and what a forger can do with it. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { canonicalJson, parseCanonical, sha256, utf8 } from '@livepod/protocol';
import { drawUp, type Account } from '../src/account/index.js';
import { FileSource } from '../src/account/source.js';
import type { Basis, LogName } from '../src/format.js';
import { entryHash, logsOf } from '../src/logs.js';
import { asFile, EvidenceError, verify } from '../src/verify.js';

export const sample = new Uint8Array(
  readFileSync(fileURLToPath(new URL('../../docs/sample-evidence.json', import.meta.url))),
);

export type File = Basis & Account;
export const read = (): File => parseCanonical(sample) as unknown as File;
/** The embedded host's that the sample was made on. */
export const rootKey = read().rootKey;

/** Says how verification ends: the place and the code, or that the file holds. */
export async function verdict(file: Uint8Array, key = rootKey): Promise<string> {
  try {
    await verify(file, { rootKey: key });
    return 'holds';
  } catch (error) {
    if (error instanceof EvidenceError) return `${error.path}: ${error.code}`;
    throw error;
  }
}

/** The sample as somebody changed it, written canonically. */
export function changed(change: (file: File) => void): Uint8Array {
  const file = read();
  change(file);
  return canonicalJson(file);
}

/** Writes a log's hashes anew, as a forger would after a change. Its certified end cannot be written anew. */
export function rehash(file: File, name: LogName): void {
  let hash = '00'.repeat(32);
  file.canisters[name].log.forEach((entry, index) => {
    entry.index = index;
    entry.hash = hash = entryHash(hash, entry);
  });
}

/** Draws the account up anew from changed logs and documents, as the most careful forger would. */
export async function retold(file: File): Promise<Uint8Array> {
  const account = await drawUp({
    round: file.round,
    logs: logsOf(file.canisters),
    source: new FileSource(file.documents),
  });
  return canonicalJson(asFile(file, account));
}

/** The sample with one bit of a byte turned. */
export function flipped(at: number): Uint8Array {
  const file = sample.slice();
  file[at]! ^= 1 << (at % 8);
  return file;
}

/** Some positions of every kind of place (a path without its numbers), chosen from a fixed seed. */
export function positions(each: number): number[] {
  const kinds = new Map<string, [number, number][]>();
  const walk = (value: unknown, start: number, kind: string): number => {
    const length = canonicalJson(value).length;
    if (Array.isArray(value)) {
      let at = start + 1;
      for (const item of value) at = walk(item, at, `${kind}[]`) + 1;
    } else if (typeof value === 'object' && value !== null) {
      let at = start + 1;
      for (const name of Object.keys(value).sort()) {
        const named = canonicalJson(name).length;
        kinds.set(`${kind}.${name} name`, [...(kinds.get(`${kind}.${name} name`) ?? []), [at, at + named + 1]]);
        at = walk((value as Record<string, unknown>)[name], at + named + 1, `${kind}.${name}`) + 1;
      }
    } else kinds.set(kind, [...(kinds.get(kind) ?? []), [start, start + length]]);
    return start + length;
  };
  walk(read(), 0, '');
  let draw = sha256(utf8('flip'));
  const random = (below: number): number => {
    draw = sha256(draw);
    return Number(new DataView(draw.buffer).getBigUint64(0) % BigInt(below));
  };
  return [...kinds.values()].flatMap((spans) =>
    Array.from({ length: each }, () => {
      const [start, end] = spans[random(spans.length)]!;
      return start + random(end - start);
    }),
  );
}
