import {
  argmax,
  cutWindows,
  infer,
  parseRecording,
  runRecipe,
  scores,
  type Arguments,
  type Windows,
} from '@livepod/recipes';
import type { BenchOptions, BenchRow } from '../benchmark.js';
import { peoplesRecordings } from '../people.js';
import { windowFeatures } from './features.js';
import { Lda } from './lda.js';

export const name = 'quality';
export const what =
  'motion-cnn against window statistics, spectrum and LDA, each person judged by models that never saw them ' +
  '(leave one person out; long)';

export interface QualityOptions extends Partial<BenchOptions> {
  /** Other than the recipe's defaults. */
  hyperparameters?: Arguments;
  seed?: number;
  /** The people to leave out in turn; default all. The others are always trained on. */
  leaveOut?: string[];
}

const LABELLINGS = {
  'one label': (windows: Windows) => (at: number) => windows.pure[at] === 1,
  'majority label': () => () => true,
} as const;
const FIGURES = { accuracy: 'accuracy', macroF1: 'macro-F1', worstPerson: 'worst person' } as const;

/**
 * The baseline is fitted once per labelling, on the windows it is judged on; the recipe is one model for both, as pods
 * run it.
 */
export async function benchQuality(options: QualityOptions = {}): Promise<BenchRow[]> {
  const { people, schema, name: dataset } = await peoplesRecordings(options.data);
  const windows = cutWindows(
    [...people.values()].flat().map((recording) => parseRecording(recording, schema)),
    schema,
  );
  const leftOut = options.leaveOut ?? [...people.keys()];
  const judged = (at: number) => leftOut.includes(windows.person[at]!);

  const ours = new Int16Array(windows.count);
  for (const [turn, person] of leftOut.entries()) {
    const recordings = [...people].filter(([other]) => other !== person).flatMap(([, files]) => files);
    const { files, backend } = await runRecipe('motion-cnn', {
      recordings,
      schema,
      seed: options.seed ?? 1,
      hyperparameters: options.hyperparameters ?? {},
    });
    if (turn === 0) options.note?.(`${dataset}, ${people.size} people; ${backend}`);
    const mine = indices(windows, (at) => windows.person[at] === person);
    const predicted = argmax(
      await infer(files['model.onnx'], pick(windows, mine), schema.labels.length),
      schema.labels.length,
    );
    mine.forEach((at, row) => {
      ours[at] = predicted[row]!;
    });
    const right = mine.filter((at) => ours[at] === windows.label[at]).length;
    options.progress?.(
      `${person} (${turn + 1} of ${leftOut.length}): ${(right / mine.length).toFixed(3)} by majority label`,
    );
  }

  const features = windowFeatures(windows, schema);
  return Object.entries(LABELLINGS).flatMap(([labelling, takes]) => {
    const take = takes(windows);
    const theirs = baseline(windows, features, leftOut, take);
    const score = (predicted: Int16Array) =>
      scores(windows.label, predicted, windows.person, schema.labels.length, (at) => judged(at) && take(at));
    const mine = score(ours);
    const peer = score(theirs);
    return (Object.keys(FIGURES) as (keyof typeof FIGURES)[]).map((figure): BenchRow => {
      const value = Number(mine[figure]);
      const peerValue = Number(peer[figure]);
      return {
        name: `hold-out ${FIGURES[figure]}, ${labelling}`,
        value,
        unit: 'share',
        peer: 'statistics + LDA',
        peerValue,
        ratio: value / peerValue,
        target: 1,
      };
    });
  });
}

export const run = (options: BenchOptions): Promise<BenchRow[]> => benchQuality(options);

/** The baseline's answers for each person, fitted on the others. */
export function baseline(
  windows: Windows,
  features: Float64Array[],
  leftOut: string[],
  take: (at: number) => boolean,
): Int16Array {
  const predicted = new Int16Array(windows.count).fill(-1);
  for (const person of leftOut) {
    const others = indices(windows, (at) => windows.person[at] !== person && take(at));
    const lda = Lda.fit(
      others.map((at) => features[at]!),
      others.map((at) => windows.label[at]!),
    );
    for (const at of indices(windows, (at) => windows.person[at] === person && take(at)))
      predicted[at] = lda.predict(features[at]!);
  }
  return predicted;
}

function indices(windows: Windows, take: (at: number) => boolean): number[] {
  return Array.from({ length: windows.count }, (_, at) => at).filter(take);
}

function pick(windows: Windows, rows: number[]): Pick<Windows, 'count' | 'size' | 'channels' | 'samples'> {
  const width = windows.size * windows.channels;
  const samples = new Float32Array(rows.length * width);
  rows.forEach((at, row) => samples.set(windows.samples.subarray(at * width, (at + 1) * width), row * width));
  return { count: rows.length, size: windows.size, channels: windows.channels, samples };
}
