import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { evaluate, recipeByName, runRecipe, type DataSchema, type Recording } from '../src/index.js';

const { window } = recipeByName('motion-cnn').declaration.input;
const folder = join(process.env['LIVEPOD_DATA'] ?? '', 'sp-sw-har');
const schema: DataSchema = {
  channels: [
    ...['x_acc', 'y_acc', 'z_acc'].map((name) => ({ name, unit: 'm/s2' })),
    ...['x_gyro', 'y_gyro', 'z_gyro'].map((name) => ({ name, unit: 'rad/s' })),
  ],
  rateMilliHz: 104_000,
  labels: ['SEATED', 'STANDING_UP', 'WALKING', 'TURNING', 'SITTING_DOWN'],
  device: 'watch',
};

function people(from: number, to: number): Recording[] {
  const names = Array.from({ length: to - from + 1 }, (_, at) => `s${String(from + at).padStart(2, '0')}`);
  return names.flatMap((person) =>
    readdirSync(join(folder, person))
      .filter((file) => file.endsWith('_sw.csv'))
      .sort()
      .map((name) => ({ name, bytes: readFileSync(join(folder, person, name), 'utf8') })),
  );
}

/** Every label called by the next one's name. */
function misnamed(recordings: Recording[]): Recording[] {
  const next = new Map(schema.labels.map((label, at) => [label, schema.labels[(at + 1) % schema.labels.length]!]));
  return recordings.map(({ name, bytes }) => ({
    name,
    bytes: (bytes as string).replaceAll(/,([A-Z_]+)$/gm, (_, label: string) => `,${next.get(label)}`),
  }));
}

(existsSync(folder) ? describe : describe.skip)('three rounds on real recordings', () => {
  it('get better with more people, and clearly bad with wrong labels', async () => {
    const model = async (recordings: Recording[], seed: number, base?: Uint8Array, hyperparameters = {}) =>
      (await runRecipe('motion-cnn', { recordings, schema, seed, base, hyperparameters })).files['model.onnx'];
    const measure = async (file: Uint8Array) => {
      const { accuracy, macroF1 } = await evaluate({ model: file, recordings: people(15, 18), schema, window });
      return { accuracy: Number(accuracy), macroF1: Number(macroF1) };
    };
    const first = await model(people(1, 8), 1, undefined, { epochs: 3, windowsPerEpoch: 2048 });
    const second = await model(people(1, 14), 2, first, { epochs: 5, windowsPerEpoch: 4096 });
    const third = await model(misnamed(people(9, 11)), 3, second, { epochs: 3, windowsPerEpoch: 4096 });
    const one = await measure(first);
    const two = await measure(second);
    const three = await measure(third);
    expect(one.accuracy).toBeGreaterThan(0.8);
    expect(two.accuracy).toBeGreaterThan(one.accuracy + 0.005);
    expect(two.macroF1).toBeGreaterThan(one.macroF1 + 0.005);
    expect(three.accuracy).toBeLessThan(0.5);
  }, 1_500_000);
});
