import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { contractOf, outputTensor, perPerson } from '@livepod/protocol';
import { examplesOf, measure, readTracks, type Runnable } from '@livepod/runtime';
import { recipeByName, runRecipe, type DataSchema, type Recording } from '../src/index.js';

const folder = join(process.env['LIVEPOD_DATA'] ?? '', 'fit');
const schema: DataSchema = {
  channels: ['speed', 'cadence', 'climb', 'heart_rate'].map((name) => ({ name, unit: 'as FIT has it' })),
  rateMilliHz: 1000,
  labels: [],
};
const contract = contractOf(recipeByName('heart-rate').declaration, schema)!;
const runnable: Runnable = { ...contract, runtime: { opset: 17, outputs: [outputTensor(contract.task)] } };
const ride = (name: string): Recording => ({ name, person: name, bytes: readFileSync(join(folder, name)) });

(existsSync(folder) ? describe : describe.skip)('heart-rate on files of real devices', () => {
  it('is measured on people it never saw, beside what the training people’s mean would make', async () => {
    const recordings = [
      'garmin-edge-500-activity.fit',
      'developer-types-sample.fit',
      'sample-activity.fit',
      'Edge810-Vector-2013-08-16-15-35-10.fit',
    ].map(ride);
    const holdout = ['nick.fit', 'activity-small-fenix2-run.fit'].map(ride);
    const { files } = await runRecipe('heart-rate', { recordings, schema, seed: 1 });
    const measured = await measure(files['model.onnx'], runnable, holdout);

    const trained = examplesOf(await readTracks(recordings, runnable), runnable);
    const level = trained.reduce((sum, { truth }) => sum + truth, 0) / trained.length;
    const judged = examplesOf(await readTracks(holdout, runnable), runnable);
    const constant = perPerson(
      {
        person: judged.map(({ track }) => track.person),
        said: judged.map(() => level),
        truth: judged.map((one) => one.truth),
      },
      ({ said, truth }) =>
        Array.from(said).reduce((sum, value, at) => sum + Math.abs(value - truth[at]!), 0) / said.length,
    );
    console.log('mean error by person, and of the training mean:', measured.perPerson, constant, measured.figures);
    expect(Number(measured.figures[0]!.value)).toBeLessThan(30);
  });
});
