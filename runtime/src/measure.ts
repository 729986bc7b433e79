import { figuresOf, perPerson, taskOf, type Answers, type Figure } from '@livepod/protocol';
import { RuntimeError } from './errors.js';
import { examplesOf, readTracks, tensorsOf } from './inputs.js';
import { Model } from './model.js';
import type { Recording } from './recordings/index.js';
import type { Runnable } from './runnable.js';

export interface Measurement {
  people: number;
  windows: number;
  figures: Figure[];
  /** The deciding figure of each person by themselves. */
  perPerson: Map<string, number>;
}

/**
 * Measures a model on people's recordings, window by window, as a pod runs it.
 * @throws RuntimeError `modelDoesNotLoad` · `noWindows` · `badRecording` · `unknownLabel` · `unknownModality`
 */
export async function measure(
  model: Uint8Array,
  runnable: Runnable,
  recordings: readonly Recording[],
): Promise<Measurement> {
  const examples = examplesOf(await readTracks(recordings, runnable), runnable);
  if (examples.length === 0)
    throw new RuntimeError(
      'noWindows',
      { recordings: recordings.length },
      'The hold-out recordings hold no window that anything is known of; evaluate on longer ones.',
    );
  const loaded = await Model.load(model, runnable);
  try {
    const said = new Float64Array(examples.length);
    for (const [at, example] of examples.entries()) {
      tensorsOf(example, runnable, loaded.tensors);
      said[at] = await loaded.answer();
    }
    return scored(runnable, {
      person: examples.map(({ track }) => track.person),
      said,
      truth: Float64Array.from(examples, ({ truth }) => truth),
    });
  } finally {
    await loaded.close();
  }
}

function scored({ task }: Runnable, answers: Answers): Measurement {
  const { figures, deciding } = taskOf(task);
  return {
    people: new Set(answers.person).size,
    windows: answers.said.length,
    figures: figuresOf(task, answers),
    perPerson: perPerson(answers, (own) => figures[deciding]!.of(own)),
  };
}
