import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contractOf, outputTensor, windowLength } from '@livepod/protocol';
import { recipeByName, runRecipe, syntheticWindows } from '@livepod/recipes';
import type { Runnable } from '@livepod/runtime';

const SCHEMA = {
  channels: ['x_acc', 'y_acc', 'z_acc']
    .map((name) => ({ name, unit: 'm/s2' }))
    .concat(['x_gyro', 'y_gyro', 'z_gyro'].map((name) => ({ name, unit: 'rad/s' }))),
  rateMilliHz: 50_000,
  labels: ['A', 'B', 'C', 'D', 'E', 'F'],
  device: 'synthetic',
};
const contract = contractOf(recipeByName('motion-cnn').declaration, SCHEMA)!;
/** Samples that the model sees: a window's and those around it. */
const ROWS = windowLength(contract.input.window);
export const SHAPE = [ROWS, SCHEMA.channels.length];

/** `count` windows of made-up motion, flat. */
export function windows(count: number, seed: number): Float32Array[] {
  const size = ROWS * SCHEMA.channels.length;
  const samples = syntheticWindows(count, ROWS, SCHEMA.channels, seed);
  return Array.from({ length: count }, (_, at) => samples.slice(at * size, (at + 1) * size));
}

/**
 * A motion-cnn of the size that pods get, from the recipe and its exporter. Hardly trained: what it says does not
 * matter here, what it computes is the same.
 */
export async function motionModel(): Promise<{
  path: string;
  bytes: Uint8Array;
  runnable: Runnable;
  remove(): void;
}> {
  const rows = [[...SCHEMA.channels.map(({ name }) => name), 'timestamp', 'label'].join(',')];
  for (const [kind, label] of SCHEMA.labels.entries()) {
    const samples = windows(2, kind + 1).flatMap((window) => [...window]);
    for (let at = 0; at < samples.length; at += SCHEMA.channels.length)
      rows.push(
        [
          ...samples.slice(at, at + SCHEMA.channels.length).map((value) => value.toFixed(4)),
          rows.length * 20,
          label,
        ].join(','),
      );
  }
  const { files } = await runRecipe('motion-cnn', {
    recordings: ['s01', 's02'].map((person) => ({ name: `${person}/${person}_01.csv`, bytes: `${rows.join('\n')}\n` })),
    schema: SCHEMA,
    hyperparameters: { epochs: 1, windowsPerEpoch: 64, batch: 16 },
    seed: 1,
  });
  const folder = mkdtempSync(join(tmpdir(), 'livepod-bench-'));
  const path = join(folder, 'model.onnx');
  writeFileSync(path, files['model.onnx']);
  const runnable = { ...contract, runtime: { opset: 17, outputs: [outputTensor(contract.task)] } };
  return { path, bytes: files['model.onnx'], runnable, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
