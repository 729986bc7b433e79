import { canonicalJson, parseCanonical, type CanonicalValue } from '../canonical.js';
import { contentId } from '../hashes.js';
import { MAX_CHECKPOINT_BYTES, MAX_CHUNK_BYTES, MAX_JOB_DATASETS } from '../limits.js';
import { inputContract, taskDescription, tensor, windowLength, type InputContract } from './task.js';
import {
  decimal,
  either,
  fileName,
  hexOf,
  id,
  integer,
  list,
  literal,
  mapOf,
  nameTwice,
  nullable,
  object,
  parser,
  principal,
  text,
  versions,
  wholeNumber,
  wrong,
  type Of,
} from './shape.js';

const file = object({
  name: fileName(100),
  bytes: integer(0, MAX_CHECKPOINT_BYTES),
  sha256: hexOf(32),
  chunks: list(object({ sha256: hexOf(32), bytes: integer(1, MAX_CHUNK_BYTES) }), 1024, 1),
});
const origin = {
  model: text(60),
  parent: nullable(id),
  recipe: id,
  job: integer(0, Number.MAX_SAFE_INTEGER),
  approvalDigest: id,
  datasets: list(id, MAX_JOB_DATASETS, 1),
  arguments: mapOf(either(wholeNumber, decimal), 64),
  seed: integer(0, 0xffff_ffff),
  metrics: mapOf(decimal, 64),
  files: list(file, 16, 1),
  provider: principal,
  publicKey: hexOf(44),
};
const format = literal('onnx');
const opset = integer(17, 30);

const first = object({
  type: literal('livepod.checkpoint/v1'),
  ...origin,
  runtime: object({ format, opset, input: list(integer(1, 1_000_000), 8, 1), labels: list(text(40), 64, 1) }),
});
const second = object({
  type: literal('livepod.checkpoint/v2'),
  ...origin,
  task: taskDescription,
  input: inputContract,
  runtime: object({ format, opset, outputs: list(tensor, 8, 1) }),
});

/** What is written today. */
export type CheckpointDocument = Of<typeof second>;

/**
 * How a model's tensors are made from records. Null is what version 1 did not say: the first tensor of the model, the
 * columns of a recording as they come, whatever the rate.
 */
export type Input = Omit<InputContract, 'rateMilliHz' | 'tensors'> & {
  rateMilliHz: number | null;
  tensors: {
    name: string | null;
    type: 'float32';
    shape: number[];
    channels: { name: string; unit: string }[] | null;
  }[];
};

/** A manifest of either version, in the form of the second. */
export type CheckpointManifest = Omit<CheckpointDocument, 'type' | 'input' | 'runtime'> & {
  input: Input;
  runtime: Omit<CheckpointDocument['runtime'], 'outputs'> & {
    outputs: { name: string | null; type: 'float32'; shape: number[] }[];
  };
};

/** @throws ProtocolError `notCanonical` · `invalidManifest` naming the field */
export function parseCheckpointManifest(bytes: Uint8Array): CheckpointManifest {
  const manifest = parser(
    versions({ 'livepod.checkpoint/v1': first, 'livepod.checkpoint/v2': second }),
    'checkpoint',
  )(bytes);
  manifest.files.forEach((file, index) => {
    if (file.chunks.reduce((sum, chunk) => sum + chunk.bytes, 0) !== file.bytes)
      wrong(`checkpoint.files[${index}].bytes`, 'the sum of its chunks');
  });
  if (nameTwice(manifest.files.map((file) => file.name)) !== undefined)
    wrong('checkpoint.files', 'files of different names, also where capitals do not count');
  if (manifest.files.reduce((sum, file) => sum + file.bytes, 0) > MAX_CHECKPOINT_BYTES)
    wrong('checkpoint.files', `at most ${MAX_CHECKPOINT_BYTES} bytes in all`);
  if (manifest.type === 'livepod.checkpoint/v1') return upgraded(manifest);
  const { type: _, ...rest } = manifest;
  rest.input.tensors.forEach(({ shape, channels }, index) => {
    const expected = [windowLength(rest.input.window), channels.length];
    if (shape.join() !== expected.join())
      wrong(
        `checkpoint.input.tensors[${index}].shape`,
        `${expected.join(' × ')}: the window's samples by the channels`,
      );
  });
  return rest;
}

/**
 * What of a manifest decides how its model runs, as one id: the model's hash, task, input and runtime, as they stand
 * there. An evaluator signs it, so that what was measured is what runs; the canister works it out by itself.
 *
 * @param bytes  of the manifest, canonical
 */
export function ranBy(bytes: Uint8Array): string {
  const {
    files,
    task = null,
    input = null,
    runtime,
  } = parseCanonical(bytes) as unknown as Record<string, CanonicalValue> & {
    files: { name: string; sha256: string }[];
  };
  const model = files.find(({ name }) => name === 'model.onnx')?.sha256 ?? null;
  return contentId(canonicalJson({ model, task, input, runtime: runtime! }));
}

/** Version 1 knew classification of half-overlapping windows of motion. */
function upgraded({ runtime, ...document }: Of<typeof first>): CheckpointManifest {
  const { type: _, ...manifest } = document;
  const { input: shape, labels, ...machine } = runtime;
  const judged = shape[0]!;
  const window = { before: 0, judged, after: 0, step: Math.max(1, Math.floor(judged / 2)) };
  return {
    ...manifest,
    task: { kind: 'classification', labels },
    input: {
      modality: 'motion',
      rateMilliHz: null,
      window,
      tensors: [{ name: null, type: 'float32', shape, channels: null }],
    },
    runtime: { ...machine, outputs: [{ name: null, type: 'float32', shape: [labels.length] }] },
  };
}
