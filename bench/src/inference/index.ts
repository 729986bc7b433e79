import { Classifier } from '@livepod/pod';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { BenchError, type BenchOptions, type BenchRow } from '../benchmark.js';
import { median, quantile, takeTurns } from '../measuring.js';
import { LABELS, motionModel, SHAPE, windows } from './model.js';

export const name = 'inference';
export const what = 'a pod’s classifier against bare onnxruntime-node, one window of the same model at a time';

/** What one answer may cost a device's core. */
const MOST_MICROSECONDS = 300;
const WARM_UP = 500; // windows
const ROUNDS = 9;
const TURNS = 400;
const TURN = 10; // windows; shorter than a scheduler's time slice, so that other work on the machine falls on both

/** Both sides answer with the index of the most likely class, and have the same session options. */
export async function run(options: BenchOptions): Promise<BenchRow[]> {
  options.progress('training a motion-cnn for a moment, to have a model');
  const model = await motionModel();
  try {
    const motion = windows(100, 1);
    const classifier = await Classifier.load(model.path, LABELS, SHAPE);
    const pod = async (window: Float32Array) => LABELS.indexOf(await classifier.classify(window));

    const session = await InferenceSession.create(model.path, {
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
    });
    const input = session.inputNames[0]!;
    const output = session.outputNames[0]!;
    const bare = async (window: Float32Array) => {
      const { data } = (await session.run({ [input]: new Tensor('float32', window, [1, ...SHAPE]) }))[output] as {
        data: Float32Array;
      };
      return data.indexOf(data.reduce((most, value) => (value > most ? value : most), -Infinity));
    };

    for (const window of motion) {
      const ours = await pod(window);
      const theirs = await bare(window);
      if (ours !== theirs)
        throw new BenchError(
          'wrongResult',
          { ours, theirs },
          'The pod and bare ONNX Runtime name different classes for the same window.',
        );
    }
    const turn = (classify: (window: Float32Array) => Promise<number>) => async (at: number) => {
      const times: number[] = [];
      for (let step = 0; step < TURN; step += 1) {
        const window = motion[(at * TURN + step) % motion.length] as Float32Array;
        const begun = performance.now();
        await classify(window);
        times.push((performance.now() - begun) * 1000);
      }
      return times;
    };
    await takeTurns(WARM_UP / TURN, [turn(pod), turn(bare)]);
    options.progress(`classifying ${(2 * ROUNDS * TURNS * TURN).toLocaleString('en-US')} windows`);
    const rounds: { ours: number[]; theirs: number[] }[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const [ours, theirs] = (await takeTurns(TURNS, [turn(pod), turn(bare)])).map((turns) => turns.flat()) as [
        number[],
        number[],
      ];
      rounds.push({ ours, theirs });
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
