import { hex, unhex } from '../bytes.js';
import { chunkCount } from '../chunks.js';
import { publicKeyOf } from '../documents.js';
import { datasetUid } from '../datasetKeys.js';
import { CHUNK_TAG_BYTES, MAX_CHUNK_BYTES, MAX_DATASET_CHUNKS, PLAIN_CHUNK_BYTES } from '../limits.js';
import { merkleRoot } from '../merkle.js';
import { ed25519Der, principalBytes, principalOfDer, principalText } from '../principals.js';
import {
  amount,
  either,
  fileName,
  hexOf,
  hexUpTo,
  integer,
  list,
  literal,
  mapOf,
  nameTwice,
  object,
  oneOf,
  parser,
  principal,
  text,
  versions,
  wrong,
  type Of,
} from './shape.js';
import { channel } from './task.js';

/** How long the name of a dataset's file may be, in characters. */
export const MAX_FILE_NAME = 200;

const storedChunk = object({ sha256: hexOf(32), bytes: integer(CHUNK_TAG_BYTES, MAX_CHUNK_BYTES) });

const schemaOf = (fewestLabels: number) =>
  object({
    channels: list(channel, 64, 1),
    rateMilliHz: integer(1, 1_000_000_000),
    labels: list(text(40), 64, fewestLabels),
    device: text(40),
  });
/**
 * What a dataset measures: channels in column order, sample rate in thousandths of a hertz, the labels its samples may
 * carry: none where channels alone are learnt from.
 */
export const datasetSchema = schemaOf(0);

const licence = object({
  fee: amount,
  access: oneOf('fee', 'vote'),
  purposes: list(text(60), 16, 1),
  providerClasses: list(oneOf('open', 'bonded', 'enclave'), 3, 1),
  termDays: integer(1, 36_500),
  splits: list(object({ account: principal, basisPoints: integer(1, 10_000) }), 16, 1),
});

const described = {
  title: text(200),
  modality: text(40),
  salt: hexOf(16),
  contributor: principal,
  publicKey: hexOf(44),
  keyEpoch: integer(0, 0),
  files: list(
    object({
      name: fileName(MAX_FILE_NAME),
      bytes: integer(0, 2 ** 40),
      chunks: list(storedChunk, MAX_DATASET_CHUNKS, 1),
      merkleRoot: hexOf(32),
    }),
    MAX_DATASET_CHUNKS,
    1,
  ),
  merkleRoot: hexOf(32),
  storage: either(
    object({ kind: literal('bucket'), bucket: principal }),
    object({
      kind: literal('s3'),
      bucket: text(63, /^[a-z0-9.-]+$/, 'a bucket of lower-case letters, digits, dots, dashes'),
      prefix: text(400),
    }),
  ),
  wrappedKey: hexUpTo(1024),
  licence,
  statistics: object({
    records: integer(0, Number.MAX_SAFE_INTEGER),
    milliseconds: integer(0, Number.MAX_SAFE_INTEGER),
    labels: mapOf(integer(0, Number.MAX_SAFE_INTEGER), 64),
  }),
};
const first = object({ type: literal('livepod.dataset/v1'), ...described, schema: schemaOf(1) });
const second = object({ type: literal('livepod.dataset/v2'), ...described, schema: datasetSchema });
const datasetManifest = versions({ 'livepod.dataset/v1': first, 'livepod.dataset/v2': second });

export type DatasetManifest = Of<typeof datasetManifest>;
export type DatasetSchema = Of<typeof datasetSchema>;
export type Licence = Of<typeof licence>;

/**
 * Reads a schema as a person writes it, in any order of fields.
 * @throws ProtocolError `invalidManifest` naming the field
 */
export const readDatasetSchema = (value: unknown): DatasetSchema => datasetSchema(value, 'schema');

/**
 * Reads and checks a dataset manifest: its shape, and that its parts agree (sizes with chunk counts, Merkle roots with
 * hashes, the contributor with the key, splits with the whole).
 *
 * @throws ProtocolError `notCanonical` · `invalidManifest` naming the field
 */
export function parseDatasetManifest(bytes: Uint8Array): DatasetManifest {
  const manifest = parser(datasetManifest, 'dataset')(bytes);
  if (manifest.files.reduce((sum, file) => sum + file.chunks.length, 0) > MAX_DATASET_CHUNKS)
    wrong('dataset.files', `files of at most ${MAX_DATASET_CHUNKS} chunks in all`);
  manifest.files.forEach((file, index) => {
    const path = `dataset.files[${index}]`;
    if (file.chunks.length !== chunkCount(file.bytes))
      wrong(`${path}.chunks`, `${chunkCount(file.bytes)} chunks for a file of ${file.bytes} bytes`);
    if (file.chunks.reduce((sum, chunk) => sum + chunk.bytes - CHUNK_TAG_BYTES, 0) !== file.bytes)
      wrong(`${path}.bytes`, `the sum of its chunks without their ${CHUNK_TAG_BYTES}-byte tags`);
    file.chunks.forEach((chunk, at) => {
      const sealed = Math.min(PLAIN_CHUNK_BYTES, file.bytes - at * PLAIN_CHUNK_BYTES) + CHUNK_TAG_BYTES;
      if (chunk.bytes !== sealed)
        wrong(`${path}.chunks[${at}].bytes`, `${sealed}: its part of ${file.bytes} bytes, and a tag`);
    });
    if (rootOf(file.chunks) !== file.merkleRoot) wrong(`${path}.merkleRoot`, 'the RFC 6962 root of its chunk hashes');
  });
  if (nameTwice(manifest.files.map((file) => file.name)) !== undefined)
    wrong('dataset.files', 'files of different names, also where capitals do not count');
  if (rootOf(manifest.files.flatMap((file) => file.chunks)) !== manifest.merkleRoot)
    wrong('dataset.merkleRoot', 'the RFC 6962 root of all chunk hashes');
  const signer = principalText(principalOfDer(ed25519Der(publicKeyOf(manifest.publicKey))));
  if (signer !== manifest.contributor) wrong('dataset.contributor', `the principal of its public key, ${signer}`);
  if (manifest.licence.splits.reduce((sum, split) => sum + split.basisPoints, 0) !== 10_000)
    wrong('dataset.licence.splits', 'shares that add up to 10000 basis points');
  const own = folderOf(datasetUid(principalBytes(signer), unhex(manifest.salt)));
  if (manifest.storage.kind === 's3' && manifest.storage.prefix !== own)
    wrong('dataset.storage.prefix', `the dataset's own folder, ${own}`);
  return manifest;
}

/** Where a dataset's objects lie in an object store: a folder of its own, that no other dataset can name. */
export const folderOf = (uid: Uint8Array): string => `datasets/${hex(uid)}/`;

const rootOf = (chunks: readonly { sha256: string }[]): string =>
  hex(merkleRoot(chunks.map((chunk) => unhex(chunk.sha256))));
