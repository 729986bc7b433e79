import { decimal, outputTensor } from '@livepod/protocol';
import { emptyTensors, examplesOf, readTracks, tensorsOf } from '@livepod/runtime/inputs';
import { tensorflow } from '../src/backend.js';
import { RecipeError } from '../src/errors.js';
import type { Tf } from '../src/layers.js';
import { exportOnnx, readWeights } from '../src/onnx/export.js';
import { Random } from '../src/random.js';
import type { Job, Progress, Recipe, RecipeDeclaration } from '../src/recipe.js';
import { makeSelfTest } from '../src/selftest.js';
import { modelCard } from './card.js';
import { buildModel, setNormalisation, spreadOf } from './model.js';
import recipeJson from './recipe.json' with { type: 'json' };
import { train, type Examples } from './train.js';

/** One training of heart-rate. */
interface Session {
  job: Job;
  tf: typeof Tf;
  notice: string;
  model: Tf.LayersModel;
  examples: Examples;
  people: number;
  last?: Progress;
  dispose(): void;
}

const declaration = recipeJson as RecipeDeclaration;
type Values = Record<keyof typeof recipeJson.hyperparameters, number>;
const SELF_TESTS = 4;
/** Beats per minute: float32 has seven digits. */
const TOLERANCE = 1e-2;

/** Heart rate from speed, cadence and climb: what effort it takes is visible, what the heart does is not. */
export const recipe: Recipe<Session> = {
  declaration,

  async prepare(job) {
    const { examples, people } = await examplesFrom(job);
    const { tf, notice } = await tensorflow();
    const model = buildModel(tf, examples.shape, { filters: (job.values as Values).filters, seed: job.seed });
    const dispose = () => model.dispose();
    try {
      if (job.base) readWeights(tf, model, job.base);
      else {
        const channels = examples.shape[1]!;
        const x = Array.from({ length: channels }, (_, channel) => spreadOf(examples.x, channel, channels));
        setNormalisation(tf, model, x, spreadOf(examples.y));
      }
    } catch (error) {
      dispose();
      throw error;
    }
    return { job, tf, notice, model, examples, people, dispose };
  },

  async train(session, control) {
    const { job, tf, model, examples } = session;
    session.last = await train(tf, model, examples, { ...(job.values as Values), seed: job.seed }, control);
    return {
      trainingLoss: decimal(session.last.loss),
      trainingWindows: String(examples.count),
      windowsPerSecond: session.last.windowsPerSecond.toFixed(1),
    };
  },

  export: ({ job, model }) =>
    exportOnnx(model, {
      input: job.input.tensors[0]!.name,
      output: outputTensor(job.task).name,
      metadata: { recipe: `${declaration.name} ${declaration.version}`, input: JSON.stringify(job.input) },
    }),

  selfTest({ tf, model, examples }) {
    const [time, channels] = examples.shape as [number, number];
    const inputs = madeUp(SELF_TESTS, time, channels);
    const outputs = tf.tidy(() =>
      (model.predict(tf.tensor3d(inputs, [SELF_TESTS, time, channels])) as Tf.Tensor).dataSync(),
    );
    return { ...makeSelfTest(inputs, Float32Array.from(outputs), SELF_TESTS), tolerance: TOLERANCE };
  },

  card: ({ job, examples, people, notice, last }) =>
    modelCard({
      version: declaration.version,
      job,
      people,
      windows: examples.count,
      backend: notice,
      loss: decimal(last?.loss ?? 0),
    }),

  backend: ({ notice }) => notice,
};

/** @throws RecipeError `noWindows` · RuntimeError `badRecording` */
async function examplesFrom(job: Job): Promise<{ examples: Examples; people: number }> {
  const found = examplesOf(await readTracks(job.recordings, job), job);
  if (found.length === 0)
    throw new RecipeError(
      'noWindows',
      { recordings: job.recordings.length },
      `None of ${job.recordings.length} recordings holds one window; train on longer ones.`,
    );
  const tensors = emptyTensors(job);
  const width = tensors[0]!.length;
  const x = new Float32Array(found.length * width);
  found.forEach((example, at) => {
    tensorsOf(example, job, tensors);
    x.set(tensors[0]!, at * width);
  });
  return {
    examples: {
      count: found.length,
      shape: job.input.tensors[0]!.shape,
      x,
      y: Float32Array.from(found, ({ truth }) => truth),
    },
    people: new Set(found.map(({ track }) => track.person)).size,
  };
}

/** Rides and runs of nobody: each channel around a level of its own, with four decimals, so that nothing is lost. */
function madeUp(count: number, time: number, channels: number): Float32Array {
  const random = new Random('heart-rate self-test');
  const levels = [7, 80, 0.05];
  return Float32Array.from({ length: count * time * channels }, (_, at) => {
    const level = levels[at % channels] ?? 1;
    return Number((level * (0.5 + random.next())).toFixed(4));
  });
}
