import { Model } from '@livepod/runtime';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { BenchError, type BenchOptions, type BenchRow } from '../benchmark.js';
import { median, quantile, takeTurns } from '../measuring.js';
import { motionModel, SHAPE, windows } from './model.js';

export const name = 'inference';
export const what = 'a pod’s model against bare onnxruntime-node, one window of the same model at a time';

/** What one answer may cost a device's core. */
const MOST_MICROSECONDS = 300;
const WARM_UP = 500; // windows
const ROUNDS = 9;
const TURNS = 400;
const TURN = 10; // windows; shorter than a scheduler's time slice, so that other work on the machine falls on both

/** Answers with the index of the most likely class. */
type Classify = (window: Float32Array) => Promise<number>;

/** Both sides have the same session options. */
export async function run(options: BenchOptions): Promise<BenchRow[]> {
  options.progress('training a motion-cnn for a moment, to have a model');
  const model = await motionModel();
  try {
    const motion = windows(100, 1);
    const loaded = await Model.load(model.bytes, model.runnable);
    const pod: Classify = (window) => {
      loaded.tensors[0]!.set(window);
      return loaded.answer();
    };
    const bare = await bareClassifier(model.path);
    for (const window of motion) mustAgree(await pod(window), await bare(window));

    const turns = [pod, bare].map((classify) => (at: number) => timesOf(classify, motion, at));
    await takeTurns(WARM_UP / TURN, turns);
    options.progress(`classifying ${(2 * ROUNDS * TURNS * TURN).toLocaleString('en-US')} windows`);
    const rounds: { ours: number[]; theirs: number[] }[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const [ours, theirs] = (await takeTurns(TURNS, turns)) as [number[][], number[][]];
      rounds.push({ ours: ours.flat(), theirs: theirs.flat() });
    }
    const rows: BenchRow[] = [0.5, 0.99].map((q) => {
      const value = median(rounds.map(({ ours }) => quantile(ours, q)));
      const peerValue = median(rounds.map(({ theirs }) => quantile(theirs, q)));
      return {
        name: `inference p${q * 100}`,
        value,
        unit: 'µs/window',
        peer: 'onnxruntime-node',
        peerValue,
        ratio: value / peerValue,
        target: 1.1,
        bound: 'most' as const,
      };
    });
    return [...rows, { ...rows[0]!, name: 'answer, one core', target: MOST_MICROSECONDS, held: 'value' as const }];
  } finally {
    model.remove();
  }
}

async function bareClassifier(path: string): Promise<Classify> {
  const session = await InferenceSession.create(path, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  const input = session.inputNames[0]!;
  const output = session.outputNames[0]!;
  return async (window) => {
    const answers = await session.run({ [input]: new Tensor('float32', window, [1, ...SHAPE]) });
    const data = answers[output]!.data as Float32Array;
    return data.indexOf(data.reduce((most, value) => (value > most ? value : most), -Infinity));
  };
}

function mustAgree(ours: number, theirs: number): void {
  if (ours === theirs) return;
  throw new BenchError(
    'wrongResult',
    { ours, theirs },
    'The pod and bare ONNX Runtime name different classes for the same window.',
  );
}

/** Microseconds that each window of a turn takes. */
async function timesOf(classify: Classify, motion: Float32Array[], turn: number): Promise<number[]> {
  const times: number[] = [];
  for (let step = 0; step < TURN; step += 1) {
    const window = motion[(turn * TURN + step) % motion.length]!;
    const begun = performance.now();
    await classify(window);
    times.push((performance.now() - begun) * 1000);
  }
  return times;
}
