import {
  argmax,
  cutWindows,
  infer,
  parseRecording,
  recipeByName,
  runRecipe,
  scores,
  type Arguments,
  type DataSchema,
  type Windows,
} from '@livepod/recipes';
import type { BenchOptions, BenchRow } from '../benchmark.js';
import { peoplesRecordings } from '../people.js';
import { surroundedFeatures, SURROUNDED, WINDOW, windowFeatures } from './features.js';
import { Lda } from './lda.js';
import { boostedTrees, pythonWithLightGbm } from './lightgbm.js';

export const name = 'quality';
export const what =
  'motion-cnn against window statistics with LDA and, with a second of context, LightGBM, each person ' +
  'judged by models that never saw them (leave one person out; long)';

const RECIPE = 'motion-cnn';

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
 * The baselines are fitted once per labelling, on the windows they are judged on; the recipe is one model for both, as
 * pods run it. All are asked about the same windows: statistics and LDA see the window alone, LightGBM also the same
 * statistics of the second before and the second after, the recipe the samples of all three.
 */
export async function benchQuality(options: QualityOptions = {}): Promise<BenchRow[]> {
  const { people, schema, name: dataset } = await peoplesRecordings(options.data);
  const tracks = [...people.values()].flat().flatMap((recording) => parseRecording(recording, schema));
  const windows = cutWindows(tracks, schema, WINDOW);
  const leftOut = options.leaveOut ?? [...people.keys()];
  const judged = (at: number) => leftOut.includes(windows.person[at]!);

  const { window: seen } = recipeByName(RECIPE).declaration.input;
  const ours = new Int16Array(windows.count);
  for (const [turn, person] of leftOut.entries()) {
    const recordings = [...people].filter(([other]) => other !== person).flatMap(([, files]) => files);
    const hyperparameters = options.hyperparameters ?? {};
    const { files, backend } = await runRecipe(RECIPE, {
      recordings,
      schema,
      seed: options.seed ?? 1,
      hyperparameters,
    });
    if (turn === 0) options.note?.(`${dataset}, ${people.size} people; ${backend}`);
    const mine = indices(windows, (at) => windows.person[at] === person);
    const model = files['model.onnx'];
    const own = tracks.filter((track) => track.person === person);
    const predicted = argmax(
      await infer(model, cutWindows(own, schema, seen), schema.labels.length),
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

  const peers = [statisticsAndLda(windows, schema)];
  const python = pythonWithLightGbm();
  if (python) peers.push(surroundingsAndTrees(python, windows, cutWindows(tracks, schema, SURROUNDED), schema));
  else options.note?.('LightGBM is not installed here, so it is not compared with; pip install lightgbm scikit-learn.');

  const rows: BenchRow[] = [];
  for (const [labelling, takes] of Object.entries(LABELLINGS)) {
    const take = takes(windows);
    const score = (predicted: Int16Array) =>
      scores(windows.label, predicted, windows.person, schema.labels.length, (at) => judged(at) && take(at));
    const mine = score(ours);
    for (const peer of peers) {
      options.progress?.(`${peer.name}, ${labelling}`);
      const theirs = score(await peer.answers(leftOut, take));
      for (const figure of Object.keys(FIGURES) as (keyof typeof FIGURES)[]) {
        const value = Number(mine[figure]);
        const peerValue = Number(theirs[figure]);
        rows.push({
          name: `hold-out ${FIGURES[figure]}, ${labelling}`,
          value,
          unit: 'share',
          peer: peer.name,
          peerValue,
          ratio: value / peerValue,
          target: 1,
        });
      }
    }
  }
  return rows;
}

interface Peer {
  name: string;
  /** Its answers for each person's windows that are taken, fitted on the others'. */
  answers(leftOut: string[], take: (at: number) => boolean): Promise<Int16Array>;
}

function statisticsAndLda(windows: Windows, schema: DataSchema): Peer {
  const features = windowFeatures(windows, schema);
  return {
    name: 'statistics + LDA',
    answers: async (leftOut, take) => baseline(windows, features, leftOut, take),
  };
}

function surroundingsAndTrees(python: string, windows: Windows, surrounded: Windows, schema: DataSchema): Peer {
  const features = surroundedFeatures(surrounded, schema);
  return {
    name: 'statistics around + LightGBM',
    answers: (leftOut, take) => boostedTrees(python, windows, features, leftOut, indices(windows, take)),
  };
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
