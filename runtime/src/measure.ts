import { figuresOf, perPerson, taskOf, type Answers, type Figure } from '@livepod/protocol';
import { RuntimeError } from './errors.js';
import { emptyTensors, examplesOf, readTracks, tensorsOf } from './inputs.js';
import { ModelProcess } from './process/index.js';
import type { Recording } from './recordings/index.js';
import type { Runnable } from './runnable.js';
import type { Judged } from './windows.js';

export interface Measurement {
  people: number;
  windows: number;
  figures: Figure[];
  /** The deciding figure of each person by themselves. */
  perPerson: Map<string, number>;
}

/** Windows that go to the model's process at a time, each to be run by itself: the first ones, and the most. */
const BLOCK = { first: 8, most: 256 };
/** About how long a block may take, milliseconds: far less than what passes for hanging. */
const BLOCK_MS = 2_000;

/**
 * Measures a model on people's recordings, window by window, in a process like the one that a pod runs it in: the same
 * reader, session, tensors and confinement.
 *
 * @throws RuntimeError `modelRefused` · `modelDoesNotLoad` · `noWindows` · `badRecording` · `unknownLabel` ·
 *   `unknownModality` · `outputNotFinite`, and how its process ended
 */
export async function measure(
  model: Uint8Array,
  runnable: Runnable,
  recordings: readonly Recording[],
): Promise<Measurement> {
  const process = await ModelProcess.start();
  try {
    await process.load(model, runnable);
    return await measureIn(process, runnable, recordings);
  } finally {
    await process.close();
  }
}

/** The same of a model that is loaded already. */
export async function measureIn(
  process: ModelProcess,
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
  return scored(runnable, {
    person: examples.map(({ track }) => track.person),
    said: await answersOf(process, runnable, examples),
    truth: Float64Array.from(examples, ({ truth }) => truth),
  });
}

/** What a model's process says of each stretch: a label's number, or a value. */
export async function answersOf(
  process: ModelProcess,
  runnable: Runnable,
  examples: readonly Judged[],
): Promise<Float64Array> {
  const said = new Float64Array(examples.length);
  let before: Promise<void> = Promise.resolve();
  let size: number = BLOCK.first;
  for (let from = 0; from < examples.length;) {
    // the next block is made ready while the model runs on this one
    const block = windowsOf(examples.slice(from, from + size), runnable);
    await before;
    const [at, begun] = [from, performance.now()];
    before = process.answers(block.windows, block.count).then((outputs) => {
      for (let one = 0; one < block.count; one += 1) said[at + one] = answerIn(runnable, outputs, one, block.count);
      const each = (performance.now() - begun) / block.count;
      size = Math.max(1, Math.min(BLOCK.most, Math.floor(BLOCK_MS / each)));
    });
    before.catch(() => undefined); // heard with the next await
    from += block.count;
  }
  await before;
  return said;
}

/** Windows behind one another, each with its tensors flat. */
function windowsOf(examples: readonly Judged[], runnable: Runnable): { windows: Float32Array; count: number } {
  const sizes = emptyTensors(runnable).map(({ length }) => length);
  const width = sizes.reduce((sum, size) => sum + size, 0);
  const windows = new Float32Array(examples.length * width);
  examples.forEach((example, index) => {
    let at = index * width;
    const into = sizes.map((size) => windows.subarray(at, (at += size)));
    tensorsOf(example, runnable, into);
  });
  return { windows, count: examples.length };
}

function answerIn({ task }: Runnable, outputs: Float32Array, at: number, count: number): number {
  const width = taskOf(task).outputs(task);
  const own = outputs.subarray(at * width, (at + 1) * width);
  if (outputs.length !== count * width || !own.every(Number.isFinite))
    throw new RuntimeError(
      'outputNotFinite',
      { window: at },
      'The model gives an output that is no finite number, which is no answer.',
    );
  return taskOf(task).answer(task, own);
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
