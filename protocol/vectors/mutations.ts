/**
 * Documents that are nearly right: seeded changes of valid ones, which every reader must take or refuse alike. Most are
 * canonical, so that they get past the encoding and reach the reader of their format; the rest are other spellings.
 */
import { hex, utf8 } from '../src/index.js';

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** A change of a base's bytes: from `at` on, `removed` bytes make room for those of `inserted` (hexadecimal). */
export type Splice = [at: number, removed: number, inserted: string];

/** Numbers from 0 to `below` - 1, the same for the same seed (mulberry32). */
export function numbers(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

type Next = (below: number) => number;
const pick = <T>(next: Next, from: readonly T[]): T => from[next(from.length)]!;

/** Keys in the order of their code units, no spaces: canonical wherever the value allows it. */
export function encoded(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(encoded).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${encoded(item)}`).join(',')}}`;
}

const TYPES = ['dataset', 'recipe', 'approval', 'checkpoint', 'evaluation', 'operator', 'channel', 'example'];
const KEYS = ['surprise', '__proto__', 'constructor', 'toString', 'hasOwnProperty', 'type', 'kind', '', 'a\nb', 'é'];
const TEXTS = [
  '',
  ' ',
  '.',
  '..',
  'a/b',
  'a\\b',
  'a\u0000b',
  'x\n',
  '\u202eabc',
  'e\u0301',
  '😀',
  '0',
  '-0',
  '00',
  '1.0',
  '1e3',
  '+1',
  '-1',
  '0.5',
  '1.',
  '.5',
  '18446744073709551615',
  '18446744073709551616',
  '999999999999999999999999999999',
  'aaaaa-aa',
  'aaaaa-ab',
  '2vxsx-fae',
  '2VXSX-FAE',
  'bonded',
  'none',
  'onnx',
  'float32',
  'fee',
  `sha256:${'0'.repeat(64)}`,
  `sha256:${'A'.repeat(64)}`,
  'ab',
  'AB',
  'abc',
];
const NUMBERS = [0, 1, -1, 2, 16, 17, 30, 31, 255, 256, 4095, 4096, 65_536, 2 ** 31, 2 ** 32 - 1, 2 ** 32];
const OTHERS: Json[] = [null, true, false, [], {}, [[]], [null], 2 ** 53 - 1, -(2 ** 53) + 1, 2 ** 53, 0.5, 1e21];

type Place = { holder: Json[] | { [key: string]: Json }; key: string | number; value: Json };

function placesOf(value: Json, found: Place[] = []): Place[] {
  if (value === null || typeof value !== 'object') return found;
  const keys = Array.isArray(value) ? value.map((_, index) => index) : Object.keys(value);
  for (const key of keys) {
    const inner = (value as Record<string | number, Json>)[key]!;
    found.push({ holder: value, key, value: inner });
    placesOf(inner, found);
  }
  return found;
}

function put({ holder, key }: Place, value: Json): void {
  // Not by assignment: a key may be called __proto__.
  Object.defineProperty(holder, key, { value, writable: true, enumerable: true, configurable: true });
}

/** One change of a document's tree. */
function changed(base: Json, next: Next): Json {
  const document = structuredClone(base);
  const places = placesOf(document);
  const place = pick(next, places);
  const { holder, key, value } = place;
  const changes: (() => void)[] = [
    () => (Array.isArray(holder) ? holder.splice(key as number, 1) : delete holder[key as string]),
    () => put({ holder, key: Array.isArray(holder) ? key : pick(next, KEYS), value }, another(value, next)),
    () => put(place, pick(next, OTHERS)),
    () => put(place, pick(next, TEXTS)),
    () => put(place, pick(next, NUMBERS)),
    () => put(place, structuredClone(pick(next, places).value)),
    () => put(place, another(value, next)),
    () => put(place, another(value, next)),
    () => put(place, another(value, next)),
  ];
  pick(next, changes)();
  return document;
}

/** A value that is nearly the same. */
function another(value: Json, next: Next): Json {
  if (typeof value === 'number') return value + pick(next, [1, -1, 0, 1000, 2 ** 24, 2 ** 32]);
  if (typeof value === 'boolean' || value === null) return pick(next, OTHERS);
  if (typeof value === 'string') {
    if (value.startsWith('livepod.')) return `livepod.${pick(next, TYPES)}/v${1 + next(3)}`;
    const at = next(value.length + 1);
    return pick(next, [
      () => `${value.slice(0, at)}${pick(next, ['x', '0', '-', '.', '\n', 'é', '\u0000', ''])}${value.slice(at + 1)}`,
      () => value + pick(next, ['\n', ' ', '0', '\u0000', 'a'.repeat(next(200))]),
      () => value.toUpperCase(),
      () =>
        pick(next, ['😀', 'a', 'é']).repeat(
          pick(next, [19, 20, 21, 30, 31, 40, 41, 60, 61, 63, 64, 100, 101, 200, 201]),
        ),
      () => ({ [value]: null }),
      () => [value],
    ])();
  }
  if (Array.isArray(value)) {
    const lengths = [0, 1, 2, 3, 8, 9, 16, 17, 64, 65];
    return pick(next, [
      () => value.toReversed(),
      () => [...value, ...structuredClone(value.slice(0, 1))],
      () =>
        Array.from({ length: pick(next, lengths) }, (_, index) => structuredClone(value[index % value.length] ?? 1)),
      () => Object.fromEntries(value.map((item, index) => [String(index), item])),
    ])();
  }
  const entries = Object.entries(value);
  return pick(next, [
    () => entries.map(([, item]) => item),
    () => entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item),
    () => Object.fromEntries([...entries, [pick(next, KEYS), pick(next, OTHERS)]]),
    () => Object.fromEntries(entries.slice(1)),
    () =>
      Object.fromEntries(Array.from({ length: pick(next, [63, 64, 65]) }, (_, n) => [`k${n}`, entries[0]?.[1] ?? 1])),
  ])();
}

/** Another spelling of the same bytes, or none of any document. */
function respelt(text: string, next: Next): Uint8Array {
  const bytes = utf8(text);
  const at = next(bytes.length);
  const cut = (inserted: Uint8Array, removed = 0): Uint8Array =>
    Uint8Array.from([...bytes.subarray(0, at), ...inserted, ...bytes.subarray(at + removed)]);
  const replaced = (pattern: RegExp, by: string): Uint8Array => {
    const found = [...text.matchAll(pattern)];
    if (found.length === 0) return utf8(`${text} `);
    const match = pick(next, found);
    const written = match[0].replace(pattern, by);
    return utf8(text.slice(0, match.index) + written + text.slice(match.index + match[0].length));
  };
  return pick<() => Uint8Array>(next, [
    () => cut(Uint8Array.of(bytes[at]! ^ (1 << next(8))), 1),
    () => cut(new Uint8Array(), 1 + next(8)),
    () => cut(utf8(pick(next, [' ', '\n', ',', '"', '{', '[', '\\', '\u0000', '\ufeff']))),
    () => cut(Uint8Array.of(pick(next, [0x80, 0xc0, 0xff, 0xed]), pick(next, [0x80, 0xa0, 0xbf]))),
    () => bytes.slice(0, at),
    () => Uint8Array.from([...bytes, ...utf8(pick(next, [' ', '\n', '0', '{}', '\u0000']))]),
    () => utf8(`\ufeff${text}`),
    () => replaced(/:(\d+)/g, pick(next, [':$1.0', ':$1e0', ':-$1', ':0$1', ':$10000000000000000', ':+$1', ':-0'])),
    () => replaced(/"([a-z]+)":/g, pick(next, ['"\\u0061$1":', '"$1":0,"$1":', '"$1" :', "'$1':", '"$1\\u007f":'])),
    () => replaced(/"([^"]+)"/g, pick(next, ['"$1\\ud800"', '"$1\\udc00\\ud800"', '"$1\\/"', '"$1\\u00e9"', '"$1\t"'])),
    () => replaced(/\[|\{/g, `$&${'['.repeat(pick(next, [1, 61, 62, 63, 64, 65, 126, 127, 128, 200]))}`),
  ])();
}

/** What of `mutant` differs from `base`, as one splice. */
export function spliceOf(base: Uint8Array, mutant: Uint8Array): Splice {
  const most = Math.min(base.length, mutant.length);
  let start = 0;
  while (start < most && base[start] === mutant[start]) start++;
  let end = 0;
  while (end < most - start && base[base.length - 1 - end] === mutant[mutant.length - 1 - end]) end++;
  return [start, base.length - start - end, hex(mutant.subarray(start, mutant.length - end))];
}

/**
 * One mutant of a document: one or two changes of its tree, made whole again by `mend` half of the time (hashes over
 * parts that were changed), or another spelling.
 */
export function mutantOf(base: Json, next: Next, mend: (document: Json) => Json = (same) => same): Uint8Array {
  if (next(4) === 0) return respelt(encoded(base), next);
  let document = changed(base, next);
  if (next(4) === 0) document = changed(document, next);
  return utf8(encoded(next(2) === 0 ? mend(document) : document));
}
