/**
 * The same mutated documents for every implementation of the readers: which ones TypeScript takes. The canisters' Rust
 * is held to `mutants.json`; for a longer run, `npm run vectors -w protocol -- SEED COUNT` and then Rust's tests.
 */
import { readFileSync } from 'node:fs';
import { ed25519 } from '@noble/curves/ed25519';
import {
  canonicalJson,
  datasetUid,
  ed25519Der,
  hex,
  merkleRoot,
  parseApproval,
  parseCanonical,
  parseCheckpointManifest,
  parseDatasetManifest,
  parseEvaluation,
  parseOperator,
  parseRecipe,
  principalOfDer,
  principalText,
  ProtocolError,
  sha256,
  unhex,
  utf8,
} from '../src/index.js';
import { encoded, mutantOf, numbers, spliceOf, type Json, type Splice } from './mutations.js';

export const READERS = {
  dataset: parseDatasetManifest,
  recipe: parseRecipe,
  approval: parseApproval,
  checkpoint: parseCheckpointManifest,
  evaluation: parseEvaluation,
  operator: parseOperator,
  canonical: parseCanonical,
} satisfies Record<string, (bytes: Uint8Array) => unknown>;
export type Format = keyof typeof READERS;

export interface Mutants {
  bases: { format: Format; document: string }[];
  /** Which base, its change, and whether it is read: 1, 0, or null where a canister need not know. */
  mutants: [base: number, splice: Splice, read: 1 | 0 | null][];
}

/** Where readers once disagreed, or would: each is put into every base of its format. */
const NAMED: [what: string, format: Format, path: (string | number)[], value: Json | undefined][] = [
  ['the number of a kind', 'recipe', ['hyperparameters', 'epochs', 'kind'], 0],
  ['the number of a kind', 'dataset', ['storage', 'kind'], 0],
  ['a list for an object', 'dataset', ['schema', 'channels', 0], ['ax', 'g']],
  ['a list for an object with a kind', 'dataset', ['storage'], ['bucket', 'aaaaa-aa']],
  ['a list for an object', 'checkpoint', ['files', 0, 'chunks', 0], ['0'.repeat(64), 9]],
  ['an object for one of several texts', 'dataset', ['licence', 'access'], { fee: null }],
  ['a field left out that may be null', 'approval', ['base'], undefined],
  ['a field left out that may be null', 'checkpoint', ['parent'], undefined],
  ['null for a field of the other version', 'recipe', ['task'], null],
  ['null for a field of the other version', 'approval', ['payer'], null],
  ['a field of the other version', 'approval', ['ceiling'], '105'],
  ['null for a field of the other version', 'checkpoint', ['runtime', 'outputs'], null],
  ['a field that every object inherits', 'approval', ['constructor'], 1],
  ['a field that every object inherits', 'dataset', ['schema', '__proto__'], {}],
  ['an inherited field as an argument', 'checkpoint', ['arguments', 'constructor'], 1],
  ['an argument that is no number', 'checkpoint', ['arguments', 'epochs'], 'many'],
  ['an argument that is no number', 'approval', ['arguments', 'epochs'], [1]],
  ['a name that is the folder', 'dataset', ['files', 0, 'name'], '.'],
  ['a name that is the folder above', 'dataset', ['files', 0, 'name'], '..'],
  ['a name that is the folder above', 'checkpoint', ['files', 0, 'name'], '..'],
  ['two names that are one on some disks', 'dataset', ['files', 0, 'name'], 'EMPTY.csv'],
  ['another principal than its checksum says', 'approval', ['provider'], 'aaaaa-ab'],
  ['a principal in capitals', 'approval', ['provider'], '2VXSX-FAE'],
  ['a time beyond 64 bits', 'approval', ['deadline'], '18446744073709551616'],
  ['a share above one that rounds to one', 'evaluation', ['figures', 2, 'value'], '1.0000000000000000000001'],
  ['a share above one', 'evaluation', ['accuracy'], '1.01'],
  ['a default outside of its range', 'recipe', ['hyperparameters', 'epochs', 'default'], 10],
  ['a key of a later epoch', 'dataset', ['keyEpoch'], 1],
  ['a folder of another dataset', 'dataset', ['storage', 'prefix'], `datasets/${'0'.repeat(64)}/`],
  ['a workflow that is no word', 'operator', ['workflow'], 'a b'],
  ['an object that is none', 'operator', ['object'], 'release/01'],
  ['a state that is no word', 'operator', ['state'], 'rolling\n/1/0'],
  ['a token without an end', 'operator', ['expires'], '18446744073709551615'],
  ['a key with a line break', 'canonical', ['a\nb'], 1],
  ['lists 33 deep', 'canonical', ['a'], JSON.parse(`${'['.repeat(32)}${']'.repeat(32)}`) as Json],
  ['lists 32 deep', 'canonical', ['a'], JSON.parse(`${'['.repeat(31)}${']'.repeat(31)}`) as Json],
];

/** The longest change, in hexadecimal digits, but for a few: the file is to stay readable. */
const LONG = 300;

export const SEED = 12;
export const COUNT = 6000;

/** @throws RangeError and the like where a reader fails in another way than by its typed error: that is a fault. */
export function verdict(format: Format, document: Uint8Array): 1 | 0 | null {
  try {
    READERS[format](document);
    return 1;
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    // A canister carries tasks and does not know them; it reads the kind alone.
    return /^(checkpoint|recipe)\.task\b/.test(String(error.details['field'])) ? null : 0;
  }
}

export function makeMutants(seed = SEED, count = COUNT): Mutants {
  const bases = basesOf();
  const next = numbers(seed);
  const texts = bases.map(({ document }) => utf8(encoded(document)));
  const mutants: Mutants['mutants'] = [];
  const add = (base: number, mutant: Uint8Array, splice = spliceOf(texts[base]!, mutant)): void => {
    mutants.push([base, splice, verdict(bases[base]!.format, mutant)]);
  };
  for (const [base, { format, document }] of bases.entries())
    for (const [, of, path, value] of NAMED) {
      const named = of === format ? withValue(document, path, value) : undefined;
      if (named !== undefined) add(base, utf8(encoded(format === 'dataset' ? mended(named) : named)));
    }
  while (mutants.length < count) {
    const base = mutants.length % bases.length;
    const { format, document } = bases[base]!;
    const mutant = mutantOf(document, next, format === 'dataset' ? mended : undefined);
    const splice = spliceOf(texts[base]!, mutant);
    if (splice[2].length <= LONG || next(20) === 0) add(base, mutant, splice);
  }
  return { bases: bases.map(({ format, document }) => ({ format, document: encoded(document) })), mutants };
}

/** A copy with another value at a place, which need not be there but its holder; undefined where that is not. */
function withValue(document: Json, path: (string | number)[], value: Json | undefined): Json | undefined {
  const copy = structuredClone(document);
  let holder: unknown = copy;
  for (const key of path.slice(0, -1)) holder = (holder as Record<string | number, unknown> | undefined)?.[key];
  if (holder === undefined || holder === null) return undefined;
  const key = path.at(-1)!;
  if (value === undefined) delete (holder as Record<string | number, unknown>)[key];
  else Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
  return copy;
}

function basesOf(): { format: Format; document: Json }[] {
  const written = (['recipe', 'checkpoint', 'evaluation', 'operator'] as const).flatMap((format) => {
    const file = readFileSync(new URL(`./${format}.json`, import.meta.url), 'utf8');
    const vectors = JSON.parse(file) as { document: string; reads: unknown }[];
    const valid = vectors.filter(({ reads }) => reads !== null);
    return valid.map(({ document }) => ({ format, document: JSON.parse(document) as Json }));
  });
  return [
    ...datasets().map((document) => ({ format: 'dataset' as const, document })),
    { format: 'approval', document: approval },
    { format: 'approval', document: approvalOfNow },
    {
      format: 'canonical',
      document: { a: [1, -7, null, true, 'Zoë ☂\n'], b: { c: '', d: {} }, type: 'livepod.example/v1' },
    },
    ...written,
  ];
}

const der = ed25519Der(ed25519.getPublicKey(sha256(utf8('seed 1'))));
const signer = principalText(principalOfDer(der));
const idOf = (name: string): string => `sha256:${hex(sha256(utf8(name)))}`;

const approval: Json = {
  type: 'livepod.approval/v1',
  recipe: idOf('recipe'),
  arguments: { epochs: 10, learningRate: '0.001' },
  seed: 1,
  datasets: ['a', 'b', 'c'].map((name) => ({ id: idOf(name), epoch: 0 })).sort((a, b) => (a.id < b.id ? -1 : 1)),
  base: null,
  resources: { memoryMiB: 2048, seconds: 600 },
  egress: 'none',
  privacy: null,
  provider: signer,
  reward: '5',
  deadline: '1800000000000000000',
};

/** With its payer and the most that it may cost. */
const approvalOfNow: Json = { ...approval, type: 'livepod.approval/v2', payer: signer, ceiling: '105' };

function datasets(): Json[] {
  const salt = '00112233445566778899aabbccddeeff';
  const uid = hex(datasetUid(principalOfDer(der), unhex(salt)));
  const chunk = (name: string, plain: number): Json => ({ sha256: hex(sha256(utf8(name))), bytes: plain + 16 });
  const first = {
    type: 'livepod.dataset/v1',
    title: 'Walking and sitting',
    modality: 'motion',
    schema: {
      channels: [
        { name: 'ax', unit: 'g' },
        { name: 'ay', unit: 'g' },
      ],
      rateMilliHz: 50_000,
      labels: ['WALKING', 'SITTING'],
      device: 'watch',
    },
    salt,
    contributor: signer,
    publicKey: hex(der),
    keyEpoch: 0,
    files: [
      { name: 's1.csv', bytes: 960_010, chunks: [chunk('1', 960_000), chunk('2', 10)], merkleRoot: '' },
      { name: 'empty.csv', bytes: 0, chunks: [chunk('3', 0)], merkleRoot: '' },
    ],
    merkleRoot: '',
    storage: { kind: 'bucket', bucket: 'aaaaa-aa' },
    wrappedKey: '00ff',
    licence: {
      fee: '100000000',
      access: 'fee',
      purposes: ['motion-recognition'],
      providerClasses: ['bonded', 'enclave'],
      termDays: 365,
      splits: [
        { account: signer, basisPoints: 9_000 },
        { account: '2vxsx-fae', basisPoints: 1_000 },
      ],
    },
    statistics: { records: 1, milliseconds: 20, labels: { WALKING: 1 } },
  };
  const storage = { kind: 's3', bucket: 'livepod-data', prefix: `datasets/${uid}/` };
  const schema = { ...first.schema, labels: [] };
  return [first, { ...first, type: 'livepod.dataset/v2', storage, schema }].map((document) => mended(document));
}

/** Hashes over whatever chunks there are now, so that a change below them is not seen by its hash alone. */
function mended(document: Json): Json {
  const whole = structuredClone(document) as { files: { chunks: { sha256: string }[]; merkleRoot: string }[] } & {
    merkleRoot: string;
  };
  try {
    for (const file of whole.files) file.merkleRoot = rootOf(file.chunks);
    whole.merkleRoot = rootOf(whole.files.flatMap(({ chunks }) => chunks));
    canonicalJson(whole);
    return whole as unknown as Json;
  } catch {
    return document; // no chunks any more that could be hashed
  }
}

const rootOf = (chunks: { sha256: string }[]): string => hex(merkleRoot(chunks.map(({ sha256 }) => unhex(sha256))));
