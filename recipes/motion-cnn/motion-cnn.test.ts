import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  bundleRecipe,
  evaluate,
  infer,
  recipeByName,
  recipeDocument,
  runRecipe,
  type Progress,
  type SelfTest,
} from '../src/index.js';
import { SYNTHETIC_SCHEMA as schema, syntheticRecording } from '../src/fixture.js';

const { window } = recipeByName('motion-cnn').declaration.input;
const small = { epochs: 3, windowsPerEpoch: 256, batch: 32, filters: 8 };
const recordings = ['s1', 's2', 's3'].map((person) => syntheticRecording(person, 1));
const holdout = ['s8', 's9'].map((person) => syntheticRecording(person, 2));
const request = { recordings, schema, hyperparameters: small, seed: 5 };

describe('motion-cnn', () => {
  it('learns activities of people it was not trained on, and its self-test holds in ONNX Runtime', async () => {
    const { files } = await runRecipe('motion-cnn', request);
    const measured = await evaluate({ model: files['model.onnx'], recordings: holdout, schema, window });
    expect(Number(measured.oneLabel.accuracy)).toBeGreaterThan(0.9);
    expect(Object.keys(measured.perPerson)).toEqual(['s8', 's9']);
    const test = JSON.parse(new TextDecoder().decode(files['selftest.json'])) as SelfTest;
    for (const [at, input] of test.input.entries()) {
      const ours = await infer(
        files['model.onnx'],
        { count: 1, size: 300, channels: 6, samples: Float32Array.from(input) },
        3,
      );
      for (const [label, value] of ours.entries())
        expect(Math.abs(value - test.output[at]![label]!)).toBeLessThanOrEqual(test.tolerance);
    }
  });

  it('answers without waiting where it sees the past alone', async () => {
    const causal = recipeByName('motion-cnn-causal').declaration.input.window;
    expect(causal).toEqual({ before: 200, judged: 100, after: 0, step: 50 });
    const hyperparameters = { ...small, epochs: 1 };
    const { files } = await runRecipe('motion-cnn-causal', { ...request, hyperparameters });
    expect(new TextDecoder().decode(files['card.md'])).toContain("0.00 s after its window's end");
    const model = files['model.onnx'];
    await expect(evaluate({ model, recordings: holdout, schema, window: causal })).resolves.toMatchObject({
      people: 2,
    });
    await expect(runRecipe('motion-cnn', { ...request, hyperparameters, base: model })).rejects.toMatchObject({
      code: 'baseMismatch',
      message: expect.stringContaining('window'),
    });
  });

  it('gives the same model for the same seed, and another for another', async () => {
    const model = async (seed: number) =>
      (await runRecipe('motion-cnn', { ...request, hyperparameters: { ...small, epochs: 1 }, seed })).files[
        'model.onnx'
      ];
    const first = await model(5);
    const again = await model(5);
    const other = await model(6);
    expect(await distance(first, again)).toBeLessThan(1e-4);
    expect(await distance(first, other)).toBeGreaterThan(1e-3);
  });

  it('goes on from the last whole epoch after a kill, to the same end', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'resume-'));
    try {
      const unbroken = (await runRecipe('motion-cnn', request)).files['model.onnx'];
      const stop = new AbortController();
      await expect(
        runRecipe('motion-cnn', {
          ...request,
          checkpointDir: dir,
          signal: stop.signal,
          onEpoch: ({ epoch }) => {
            if (epoch === 2) stop.abort();
          },
        }),
      ).rejects.toMatchObject({ code: 'cancelled' });
      expect(await readdir(dir)).toEqual(['resume.bin']);
      const epochs: number[] = [];
      const resumed = (
        await runRecipe('motion-cnn', {
          ...request,
          checkpointDir: dir,
          onEpoch: ({ epoch }: Progress) => {
            epochs.push(epoch);
          },
        })
      ).files['model.onnx'];
      expect(epochs).toEqual([3]);
      expect(await distance(unbroken, resumed)).toBeLessThan(1e-4);
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  it('starts from a parent checkpoint', async () => {
    const base = (await runRecipe('motion-cnn', request)).files['model.onnx'];
    const barely = (
      await runRecipe('motion-cnn', {
        ...request,
        base,
        seed: 9,
        hyperparameters: { ...small, epochs: 1, windowsPerEpoch: 64, learningRate: '0.00001' },
      })
    ).files['model.onnx'];
    expect(await distance(base, barely)).toBeLessThan(0.05);
  });

  it.each([
    ['an epoch count out of range', { hyperparameters: { epochs: 0 } }, 'hyperparameterOutOfRange'],
    ['an integer where a decimal belongs', { hyperparameters: { learningRate: 1 } }, 'hyperparameterOutOfRange'],
    ['a hyper-parameter it does not have', { hyperparameters: { layers: 3 } }, 'unknownHyperparameter'],
    ['recordings shorter than a window', { recordings: [syntheticRecording('s1', 1, 20)] }, 'noWindows'],
    ['no recordings', { recordings: [] }, 'noWindows'],
    ['a base that is no model', { base: Uint8Array.of(8, 8, 8) }, 'badModel'],
  ])('refuses %s', async (_, change, code) => {
    await expect(runRecipe('motion-cnn', { ...request, ...change })).rejects.toMatchObject({ code });
  });

  it('refuses a base with other labels', async () => {
    const { files } = await runRecipe('motion-cnn', {
      ...request,
      hyperparameters: { ...small, epochs: 1, windowsPerEpoch: 64 },
    });
    const other = { ...schema, labels: [...schema.labels, 'DANCING'] };
    await expect(
      runRecipe('motion-cnn', { ...request, schema: other, base: files['model.onnx'] }),
    ).rejects.toMatchObject({
      code: 'baseMismatch',
      message: expect.stringContaining('labels'),
    });
  });

  it('is not evaluated where the file does not load or does not fit', async () => {
    await expect(
      evaluate({ model: Uint8Array.of(1, 2, 3), recordings: holdout, schema, window }),
    ).rejects.toMatchObject({
      code: 'badModel',
    });
    const { files } = await runRecipe('motion-cnn', {
      ...request,
      hyperparameters: { ...small, epochs: 1, windowsPerEpoch: 64 },
    });
    await expect(
      evaluate({
        model: files['model.onnx'],
        recordings: holdout,
        schema: { ...schema, channels: schema.channels.slice(0, 5) },
        window,
      }),
    ).rejects.toMatchObject({ code: 'badModel' });
  });
});

describe('recipe bundle', () => {
  it("is the same bytes every time, and covers code, declaration and TensorFlow's version", async () => {
    const first = await bundleRecipe('motion-cnn');
    const again = await bundleRecipe('motion-cnn');
    expect(again).toEqual(first);
    const content = JSON.parse(new TextDecoder().decode(first.bytes)) as {
      outside: Record<string, string>;
      files: Record<string, string>;
    };
    expect(content.outside['@tensorflow/tfjs-node']).toBe('4.22.0');
    expect(content.files['recipe.mjs']).toContain('runRecipe');
  });
  it('is named by the recipe document', async () => {
    const document = JSON.parse(new TextDecoder().decode(await recipeDocument('motion-cnn'))) as {
      bundle: string;
      hyperparameters: object;
    };
    expect(document.bundle).toBe(`sha256:${(await bundleRecipe('motion-cnn')).sha256}`);
    expect(document.hyperparameters).toEqual(recipeByName('motion-cnn').declaration.hyperparameters);
  });
  it('refuses a recipe that is not there', () =>
    expect(() => recipeByName('motion-rnn')).toThrow(expect.objectContaining({ code: 'unknownRecipe' })));
});

/** Largest difference of two models' outputs on the synthetic hold-out. */
async function distance(a: Uint8Array, b: Uint8Array): Promise<number> {
  const { cutWindows, parseRecording } = await import('../src/index.js');
  const windows = cutWindows(
    holdout.flatMap((recording) => parseRecording(recording, schema)),
    schema,
    window,
  );
  const x = await infer(a, windows, 3);
  const y = await infer(b, windows, 3);
  return Math.max(...x.map((value, at) => Math.abs(value - y[at]!)));
}
