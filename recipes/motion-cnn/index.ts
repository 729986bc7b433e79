import { decimal, outputTensor, windowLength } from '@livepod/protocol';
import { cutWindows } from '@livepod/runtime/windows';
import { tensorflow, type Backend } from '../src/backend.js';
import { RecipeError } from '../src/errors.js';
import { exportOnnx, readMetadata, readWeights } from '../src/onnx/export.js';
import type { Job, Progress, Recipe, RecipeDeclaration } from '../src/recipe.js';
import { parseRecording, type DataSchema, type Track } from '../src/schema.js';
import { makeSelfTest, syntheticWindows } from '../src/selftest.js';
import { modelCard } from './card.js';
import { buildModel, STRIDE, type MotionModel } from './model.js';
import { FlatAdam } from '../src/optimizer.js';
import recipeJson from './recipe.json' with { type: 'json' };
import { train, trainOn } from './train.js';

type Tf = Backend['tf'];

/** One training of motion-cnn. */
interface Session {
  job: Job;
  tf: Tf;
  notice: string;
  tracks: Track[];
  built: MotionModel;
  last?: Progress;
  dispose(): void;
}

type Values = Record<keyof typeof recipeJson.hyperparameters, number>;
const SELF_TESTS = 6;

/** What a person does in a window of motion, from it and what the declared window shows around it. */
export const motionCnn = (declaration: RecipeDeclaration): Recipe<Session> => ({
  declaration,

  async prepare(job) {
    const { schema, seed, base, input } = job;
    const values = job.values as Values;
    const tracks = job.recordings.flatMap((recording) => parseRecording(recording, schema));
    if (base) checkBase(base, metadataOf(declaration, job));
    const { tf, notice } = await tensorflow();
    const built = buildModel(tf, schema, input.window, { ...values, seed });
    const dispose = () => built.model.dispose();
    try {
      if (base) readWeights(tf, built.model, base);
    } catch (error) {
      dispose();
      throw error;
    }
    return { job, tf, notice, tracks, built, dispose };
  },

  async train(session, control) {
    const { job, tf, built, tracks } = session;
    const settings = { ...(job.values as Values), seed: job.seed };
    session.last = await train(tf, built, tracks, job.schema, !job.base, settings, control);
    return {
      trainingLoss: decimal(session.last.loss),
      trainingWindows: String(cutWindows(tracks, job.schema, job.input.window).count),
      windowsPerSecond: session.last.windowsPerSecond.toFixed(1),
    };
  },

  export: ({ job, built }) =>
    exportOnnx(built.model, {
      input: job.input.tensors[0]!.name,
      output: outputTensor(job.task).name,
      metadata: metadataOf(declaration, job),
    }),

  selfTest({ job, tf, built }) {
    const { channels } = job.schema;
    const length = windowLength(job.input.window);
    const inputs = syntheticWindows(SELF_TESTS, length, channels);
    const outputs = tf.tidy(() => {
      const batch = tf.tensor3d(inputs, [SELF_TESTS, length, channels.length]);
      return (built.model.predict(batch) as { dataSync(): Float32Array }).dataSync();
    });
    return makeSelfTest(inputs, Float32Array.from(outputs), SELF_TESTS);
  },

  card: ({ job, tracks, notice, last }) =>
    modelCard({
      version: declaration.version,
      schema: job.schema,
      window: job.input.window,
      people: new Set(tracks.map(({ person }) => person)).size,
      recordings: tracks.length,
      windows: cutWindows(tracks, job.schema, job.input.window).count,
      started: job.base ? 'from a parent checkpoint' : 'fresh',
      arguments: job.given,
      seed: job.seed,
      backend: notice,
      loss: decimal(last?.loss ?? 0),
    }),

  backend: ({ notice }) => notice,
});

export const recipe = motionCnn(recipeJson as RecipeDeclaration);

/** What a later training on this model must share with it; whoever runs the model reads its manifest instead. */
function metadataOf({ name, version }: RecipeDeclaration, { schema, input }: Job): Record<string, string> {
  return {
    recipe: `${name} ${version}`,
    labels: JSON.stringify(schema.labels),
    channels: JSON.stringify(schema.channels.map(({ name, unit }) => ({ name, unit }))),
    rateMilliHz: String(schema.rateMilliHz),
    window: JSON.stringify(input.window),
  };
}

function checkBase(base: Uint8Array, wanted: Record<string, string>): void {
  const found = readMetadata(base);
  for (const key of ['labels', 'channels', 'window'] as const) {
    if (found[key] !== wanted[key])
      throw new RecipeError(
        'baseMismatch',
        { key, found: found[key] ?? null, wanted: wanted[key]! },
        `The base checkpoint has other ${key} than this training; start from one with the same, or from none.`,
      );
  }
}

/** One training step on made-up windows, for measuring what it costs. `settle` waits for the last one. */
export async function trainingStep(
  schema: DataSchema,
  settings: { batch: number; filters: number },
): Promise<{ parameters: number; run(): void; settle(): Promise<void>; dispose(): void }> {
  const { tf } = await tensorflow();
  const { window } = recipeJson.input;
  const built = buildModel(tf, schema, window, { filters: settings.filters, dropout: 0.2, seed: 1 });
  const length = windowLength(window);
  const optimizer = new FlatAdam(tf, built.model);
  const labels = schema.labels.length;
  const even = (rows: number) => new Float32Array(rows * labels).fill(1 / labels);
  const batch = {
    count: settings.batch,
    x: syntheticWindows(settings.batch, length, schema.channels),
    y: even(settings.batch),
    steps: even((settings.batch * length) / STRIDE),
  };
  let last: { data(): Promise<unknown>; dispose(): void } | undefined;
  return {
    parameters: built.model.countParams(),
    run: () => {
      last?.dispose();
      last = trainOn(tf, built, optimizer, batch, 1e-3);
    },
    settle: async () => {
      await last?.data();
    },
    dispose: () => {
      last?.dispose();
      optimizer.dispose();
      built.model.dispose();
    },
  };
}
