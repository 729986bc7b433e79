import { contractOf, outputTensor } from '@livepod/protocol';
import { measure, Model, type Runnable } from '@livepod/runtime';
import { FitBaseType, FitEncoder } from 'fit-file-parser/encoder';
import { bundleRecipe, recipeByName, runRecipe, type DataSchema, type Recording, type SelfTest } from '../src/index.js';

const schema: DataSchema = {
  channels: [
    { name: 'speed', unit: 'm/s' },
    { name: 'cadence', unit: 'rpm' },
    { name: 'climb', unit: 'm/s' },
    { name: 'heart_rate', unit: 'bpm' },
  ],
  rateMilliHz: 1000,
  labels: [],
};
const contract = contractOf(recipeByName('heart-rate').declaration, schema)!;
const runnable: Runnable = { ...contract, runtime: { opset: 17, outputs: [outputTensor(contract.task)] } };

/** A ride in spells of three minutes, whose heart follows the speed within a minute. */
function ride(person: string, seed: number, seconds = 900): Recording {
  const fit = new FitEncoder();
  fit.writeMessage(0, [{ number: 0, size: 1, baseType: FitBaseType.Enum, value: 4 }]);
  let heart = 80;
  for (let second = 0; second < seconds; second++) {
    const speed = 4 + 5 * Math.abs(Math.sin(Math.floor(second / 180) * 2.3 + seed));
    heart += (60 + 10 * speed - heart) / 40;
    fit.writeMessage(20, [
      { number: 253, size: 4, baseType: FitBaseType.Uint32, value: 1_000_000_000 + second },
      { number: 2, size: 2, baseType: FitBaseType.Uint16, value: 2600 },
      { number: 3, size: 1, baseType: FitBaseType.Uint8, value: Math.round(heart) },
      { number: 4, size: 1, baseType: FitBaseType.Uint8, value: Math.round(40 + 5 * speed) },
      { number: 6, size: 2, baseType: FitBaseType.Uint16, value: Math.round(speed * 1000) },
    ]);
  }
  return { name: `${person}.fit`, person, bytes: fit.close() };
}

const recordings = [ride('p1', 1), ride('p2', 2)];
const holdout = [ride('p8', 8), ride('p9', 9)];
const request = { recordings, schema, hyperparameters: { epochs: 15, batch: 16, learningRate: '0.01' }, seed: 5 };

describe('heart-rate', () => {
  it('learns from FIT files what a heart does at an effort, and is measured in beats per minute', async () => {
    const { files } = await runRecipe('heart-rate', request);
    const measured = await measure(files['model.onnx'], runnable, holdout);
    const figures = Object.fromEntries(measured.figures.map(({ name, value }) => [name, Number(value)]));
    expect(Object.keys(figures)).toEqual(['meanError', 'rootMeanSquare', 'worstPerson']);
    expect(measured.figures[0]!.unit).toBe('bpm');
    expect(figures['meanError']).toBeLessThan(6);
    expect(figures['worstPerson']).toBeGreaterThanOrEqual(figures['meanError']!);
    expect([...measured.perPerson.keys()]).toEqual(['p8', 'p9']);
  });

  it('brings self-test vectors that hold in ONNX Runtime', async () => {
    const { files } = await runRecipe('heart-rate', { ...request, hyperparameters: { epochs: 1 } });
    const model = await Model.load(files['model.onnx'], runnable);
    const test = JSON.parse(new TextDecoder().decode(files['selftest.json'])) as SelfTest;
    expect(await model.selfTest(test)).toBeLessThanOrEqual(test.tolerance);
    await model.close();
  });

  it('is refused on datasets without its channels, and on none', async () => {
    const short = { ...schema, channels: schema.channels.slice(0, 2) };
    await expect(runRecipe('heart-rate', { ...request, schema: short })).rejects.toMatchObject({
      code: 'unsuitableSchema',
    });
    await expect(runRecipe('heart-rate', { ...request, recordings: [] })).rejects.toMatchObject({ code: 'noWindows' });
  });

  it('is in no other recipe’s bundle', async () => {
    const { bytes } = await bundleRecipe('motion-cnn');
    expect(new TextDecoder().decode(bytes)).not.toContain('heart');
  });
});
