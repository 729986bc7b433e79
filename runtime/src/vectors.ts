import { hex, sha256, unhex, type Evaluation } from '@livepod/protocol';
import { RuntimeError } from './errors.js';
import type { Contract } from './inputs.js';
import type { ModelProcess } from './process/index.js';

type Vectors = NonNullable<Evaluation['vectors']>;

const COUNT = 8;
/** How strong the made-up records are, window by window: from stillness to beyond what sensors give. */
const SCALES = [0.1, 1, 10, 100];
/** How far outputs may differ, and, beside it, by which part of themselves: processors compute a little differently. */
const TOLERANCE = 1e-3;
const DIGITS = 6;

/**
 * Windows behind one another that follow from a seed and a contract alone: noise of several strengths, from SHA-256 of
 * the seed and a count.
 */
export function windowsFrom(seed: string, { input }: Contract, count: number): Float32Array {
  const width = input.tensors.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
  const windows = new Float32Array(width * count);
  const block = new Uint8Array(36);
  block.set(unhex(seed));
  const counter = new DataView(block.buffer, 32);
  for (let at = 0; at < windows.length; at += 8) {
    counter.setUint32(0, at / 8);
    const drawn = new DataView(sha256(block).slice().buffer);
    for (let next = at; next < Math.min(at + 8, windows.length); next += 1) {
      const share = drawn.getUint32((next - at) * 4) / 2 ** 31 - 1;
      windows[next] = share * SCALES[Math.floor(next / width) % SCALES.length]!;
    }
  }
  return windows;
}

/**
 * What a model gives for windows of the evaluator's own choice, as an evaluation names it.
 * @param seed  32 bytes that nobody knew before the checkpoint was submitted
 * @throws RuntimeError `outputNotFinite`, and what {@link ModelProcess.answers} throws
 */
export async function vectorsOf(process: ModelProcess, contract: Contract, seed: Uint8Array): Promise<Vectors> {
  const drawn = hex(seed);
  const outputs = await process.answers(windowsFrom(drawn, contract, COUNT), COUNT);
  if (!outputs.every(Number.isFinite))
    throw new RuntimeError(
      'outputNotFinite',
      {},
      'The model gives an output that is no finite number, on made-up records.',
    );
  const width = outputs.length / COUNT;
  const row = (at: number): string[] =>
    Array.from(outputs.subarray(at * width, (at + 1) * width), (value) => decimalOf(value));
  return { seed: drawn, outputs: Array.from({ length: COUNT }, (_, at) => row(at)) };
}

/** @throws RuntimeError `selfTestDiffers` when the model does not give here what it gave at the evaluator's */
export async function checkVectors(
  process: ModelProcess,
  contract: Contract,
  { seed, outputs }: Vectors,
): Promise<void> {
  const found = await process.answers(windowsFrom(seed, contract, outputs.length), outputs.length);
  const expected = outputs.flat().map(Number);
  const near = (value: number, at: number): boolean =>
    Math.abs(value - expected[at]!) <= TOLERANCE * (1 + Math.abs(expected[at]!));
  if (found.length === expected.length && found.every(near)) return;
  throw new RuntimeError(
    'selfTestDiffers',
    {},
    'The model does not give here what it gave at the evaluator, for the windows that the evaluator chose.',
  );
}

/** A number as a document's decimal: never in powers of ten, and never "-0". */
const decimalOf = (value: number): string => {
  const text = value.toFixed(DIGITS);
  return Number(text) === 0 ? '0' : text;
};
