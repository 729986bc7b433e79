import { MAX_CHECKPOINT_BYTES, MAX_CHUNK_BYTES } from '../limits.js';
import {
  decimal,
  either,
  hexOf,
  id,
  integer,
  list,
  literal,
  mapOf,
  nanoseconds,
  nullable,
  object,
  parser,
  principal,
  text,
  wrong,
  type Of,
} from './shape.js';

const checkpointManifest = object({
  type: literal('livepod.checkpoint/v1'),
  model: text(60),
  parent: nullable(id),
  recipe: id,
  job: integer(0, Number.MAX_SAFE_INTEGER),
  approvalDigest: id,
  datasets: list(id, 1000, 1),
  arguments: mapOf(either(integer(-(2 ** 53) + 1, 2 ** 53 - 1), decimal), 64),
  seed: integer(0, 2 ** 32 - 1),
  metrics: mapOf(decimal, 64),
  files: list(
    object({
      name: text(100, /^[A-Za-z0-9._-]+$/, 'a file name of letters, digits, dot, dash, underscore'),
      bytes: integer(0, MAX_CHECKPOINT_BYTES),
      sha256: hexOf(32),
      chunks: list(object({ sha256: hexOf(32), bytes: integer(1, MAX_CHUNK_BYTES) }), 1024, 1),
    }),
    16,
    1,
  ),
  runtime: object({
    format: literal('onnx'),
    opset: integer(17, 30),
    input: list(integer(1, 1_000_000), 8, 1),
    labels: list(text(40), 64, 1),
  }),
  provider: principal,
  publicKey: hexOf(44),
});

export type CheckpointManifest = Of<typeof checkpointManifest>;

/** @throws ProtocolError `notCanonical` · `invalidManifest` naming the field */
export function parseCheckpointManifest(bytes: Uint8Array): CheckpointManifest {
  const manifest = parser(checkpointManifest, 'checkpoint')(bytes);
  manifest.files.forEach((file, index) => {
    if (file.chunks.reduce((sum, chunk) => sum + chunk.bytes, 0) !== file.bytes)
      wrong(`checkpoint.files[${index}].bytes`, 'the sum of its chunks');
  });
  if (manifest.files.reduce((sum, file) => sum + file.bytes, 0) > MAX_CHECKPOINT_BYTES)
    wrong('checkpoint.files', `at most ${MAX_CHECKPOINT_BYTES} bytes in all`);
  return manifest;
}

const evaluation = object({
  type: literal('livepod.evaluation/v1'),
  checkpoint: id,
  evaluator: principal,
  publicKey: hexOf(44),
  people: integer(1, 1_000_000),
  windows: integer(1, Number.MAX_SAFE_INTEGER),
  accuracy: decimal,
  macroF1: decimal,
  worstPerson: decimal,
  parentAccuracy: nullable(decimal),
  at: nanoseconds,
});

/** What an evaluator, independent of the provider, measured on hold-out people. Fractions of 1, as decimal text. */
export type Evaluation = Of<typeof evaluation>;

/** @throws ProtocolError `notCanonical` · `invalidManifest` */
export const parseEvaluation = parser(evaluation, 'evaluation');
