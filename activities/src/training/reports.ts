/**
 * What may come out of a sandbox, and all of it: numbers of an epoch, the bytes of declared files, metrics out of this
 * table, or a failure's code out of this one. No text: a recipe that wants to tell a record has no place to write it.
 * The child process writes these frames, the provider reads them; neither needs anything else of this project for it.
 */

/** Kinds of frames that the child writes. */
export const REPORT = { ready: 1, epoch: 2, file: 3, piece: 4, done: 5, failed: 6 } as const;

/** Kinds of frames that it is given. */
export const ORDER = { order: 1, code: 2, base: 3, resume: 4, recording: 5, piece: 6, go: 7 } as const;

/** The first file of a sandbox is its resume point, the others are the recipe's outputs in their order. */
export const RESUME = 0;

export interface MetricRule {
  min: number;
  max: number;
  /** After the point. */
  digits: number;
}

/** Training's own numbers, by the place in this table: how good a model is, an evaluator says. */
export const METRICS: readonly (readonly [string, MetricRule])[] = [
  ['trainingLoss', { min: -1e9, max: 1e9, digits: 6 }],
  ['trainingWindows', { min: 0, max: 1e12, digits: 0 }],
  ['windowsPerSecond', { min: 0, max: 1e9, digits: 1 }],
];

/** Codes of RecipeError and RuntimeError, and what else can be said of a failure. New ones go to the end. */
export const FAILURES = [
  'unnamed',
  'undeclared',
  'unknownRecipe',
  'unknownHyperparameter',
  'missingHyperparameter',
  'hyperparameterOutOfRange',
  'unsuitableSchema',
  'noWindows',
  'unknownLayer',
  'badModel',
  'baseMismatch',
  'diverged',
  'cancelled',
  'noBackend',
  'badRecording',
  'unknownLabel',
  'unknownModality',
  'modelDoesNotLoad',
  'selfTestDiffers',
  'inferenceFails',
  'outputNotFinite',
  'outOfMemory',
] as const;
export type Failure = (typeof FAILURES)[number];

export interface Epoch {
  epoch: number;
  epochs: number;
  loss: number;
  windowsPerSecond: number;
}

export const EPOCH_BYTES = 32;
const METRIC_BYTES = 9;
export const DONE_BYTES = METRICS.length * METRIC_BYTES;
/** Which file, and how long it is. */
export const FILE_BYTES = 5;

export function epochBody({ epoch, epochs, loss, windowsPerSecond }: Epoch): Uint8Array {
  const body = new DataView(new ArrayBuffer(EPOCH_BYTES));
  [epoch, epochs, loss, windowsPerSecond].forEach((value, index) => body.setFloat64(index * 8, value));
  return new Uint8Array(body.buffer);
}

/** @returns undefined where a number is out of its range */
export function readEpoch(body: Uint8Array): Epoch | undefined {
  if (body.length !== EPOCH_BYTES) return undefined;
  const view = viewOf(body);
  const [epoch, epochs, loss, windowsPerSecond] = [0, 8, 16, 24].map((at) => view.getFloat64(at)) as [
    number,
    number,
    number,
    number,
  ];
  const counts = Number.isSafeInteger(epoch) && Number.isSafeInteger(epochs) && epoch >= 1 && epoch <= epochs;
  const fits = counts && epochs <= 1e6 && Math.abs(loss) <= 1e9 && windowsPerSecond >= 0 && windowsPerSecond <= 1e9;
  return fits ? { epoch, epochs, loss, windowsPerSecond } : undefined;
}

/** @returns undefined where a name is not in the table, or a value is none of its numbers */
export function doneBody(metrics: Record<string, string>): Uint8Array | undefined {
  const names = Object.keys(metrics);
  if (names.length > METRICS.length) return undefined;
  const body = new DataView(new ArrayBuffer(names.length * METRIC_BYTES));
  for (const [index, name] of names.entries()) {
    const place = METRICS.findIndex(([known]) => known === name);
    if (place < 0) return undefined;
    body.setUint8(index * METRIC_BYTES, place);
    body.setFloat64(index * METRIC_BYTES + 1, Number(metrics[name]));
  }
  return new Uint8Array(body.buffer);
}

/** @returns undefined for a number that is not in its range, or a metric that is there twice */
export function readDone(body: Uint8Array): Record<string, string> | undefined {
  if (body.length % METRIC_BYTES !== 0 || body.length > DONE_BYTES) return undefined;
  const view = viewOf(body);
  const metrics: Record<string, string> = {};
  for (let at = 0; at < body.length; at += METRIC_BYTES) {
    const known = METRICS[view.getUint8(at)];
    const value = view.getFloat64(at + 1);
    if (!known || Object.hasOwn(metrics, known[0])) return undefined;
    const [name, { min, max, digits }] = known;
    if (!(value >= min && value <= max)) return undefined;
    metrics[name] = value.toFixed(digits);
  }
  return metrics;
}

export const failedBody = (code: string): Uint8Array =>
  Uint8Array.of(Math.max(0, (FAILURES as readonly string[]).indexOf(code)));

export const readFailed = (body: Uint8Array): Failure | undefined =>
  body.length === 1 ? FAILURES[body[0]!] : undefined;

export function fileBody(file: number, bytes: number): Uint8Array {
  const body = new DataView(new ArrayBuffer(FILE_BYTES));
  body.setUint8(0, file);
  body.setUint32(1, bytes);
  return new Uint8Array(body.buffer);
}

export function readFile(body: Uint8Array): { file: number; bytes: number } | undefined {
  if (body.length !== FILE_BYTES) return undefined;
  const view = viewOf(body);
  return { file: view.getUint8(0), bytes: view.getUint32(1) };
}

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength);
