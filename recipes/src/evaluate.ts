import type { Windowing } from '@livepod/protocol';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { RecipeError } from './errors.js';
import { scores, type Confusion, type Scores } from './metrics.js';
import { parseRecording, type DataSchema, type Recording } from './schema.js';
import { cutWindows, type Windows } from '@livepod/runtime/windows';

export interface Evaluation extends Scores {
  perPerson: Record<string, string>;
  /** Counts [truth][predicted] in the order of `labels`. */
  confusion: Confusion;
  labels: string[];
  people: number;
  /** Windows whose samples all carry one label. */
  oneLabel: Scores & { perPerson: Record<string, string>; confusion: Confusion };
  /** All windows, by the label of most samples; the scores at the top level are these. */
  majority: Scores & { perPerson: Record<string, string>; confusion: Confusion };
}

/**
 * Measures a model on people's recordings with ONNX Runtime, in windows as its input contract cuts them. The model
 * takes [batch, window with its context, channels] and gives one probability per label.
 *
 * @throws RecipeError `badModel` (does not load, or does not fit the schema) · `noWindows` · `badRecording` ·
 *   `unknownLabel`
 */
export async function evaluate(request: {
  model: Uint8Array;
  recordings: Recording[];
  schema: DataSchema;
  window: Windowing;
}): Promise<Evaluation> {
  const { schema, recordings, window } = request;
  const windows = cutWindows(
    recordings.flatMap((recording) => parseRecording(recording, schema)),
    schema,
    window,
  );
  if (windows.count === 0)
    throw new RecipeError(
      'noWindows',
      { recordings: recordings.length },
      'The hold-out recordings hold no labelled window; evaluate on longer ones.',
    );
  const predicted = argmax(await infer(request.model, windows, schema.labels.length), schema.labels.length);
  const majority = scores(windows.label, predicted, windows.person, schema.labels.length, () => true);
  const oneLabel = scores(
    windows.label,
    predicted,
    windows.person,
    schema.labels.length,
    (at) => windows.pure[at] === 1,
  );
  return { ...majority, labels: schema.labels, people: Object.keys(majority.perPerson).length, oneLabel, majority };
}

/** Probabilities [count, labels] of raw windows. @throws RecipeError `badModel` */
export async function infer(
  model: Uint8Array,
  windows: Pick<Windows, 'count' | 'size' | 'channels' | 'samples'>,
  labels: number,
): Promise<Float32Array> {
  let session: InferenceSession;
  try {
    session = await InferenceSession.create(model, { intraOpNumThreads: 1, logSeverityLevel: 3 });
  } catch (cause) {
    throw new RecipeError(
      'badModel',
      { bytes: model.length, why: (cause as Error).message },
      `ONNX Runtime does not load the model (${(cause as Error).message.split('\n')[0]}); ask the provider ` +
        'for a new checkpoint.',
      { cause },
    );
  }
  try {
    const [input] = session.inputNames,
      [output] = session.outputNames;
    const probabilities = new Float32Array(windows.count * labels);
    const row = windows.size * windows.channels;
    for (let from = 0; from < windows.count; from += 256) {
      const to = Math.min(from + 256, windows.count);
      const results = await session.run({
        [input!]: new Tensor('float32', windows.samples.slice(from * row, to * row), [
          to - from,
          windows.size,
          windows.channels,
        ]),
      });
      const data = results[output!]!.data as Float32Array;
      if (data.length !== (to - from) * labels)
        throw new Error(`${data.length / (to - from)} outputs for ${labels} labels`);
      probabilities.set(data, from * labels);
    }
    return probabilities;
  } catch (cause) {
    throw new RecipeError(
      'badModel',
      { why: (cause as Error).message },
      `The model does not fit the data (${(cause as Error).message.split('\n')[0]}); evaluate it on ` +
        'recordings of its own schema.',
      { cause },
    );
  } finally {
    await session.release();
  }
}

export function argmax(probabilities: ArrayLike<number>, labels: number): Int16Array {
  return Int16Array.from({ length: probabilities.length / labels }, (_, row) => {
    let best = 0;
    for (let label = 1; label < labels; label++)
      if (probabilities[row * labels + label]! > probabilities[row * labels + best]!) best = label;
    return best;
  });
}
