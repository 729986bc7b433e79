import { taskOf } from '@livepod/protocol';
import { RuntimeError, tensorsOf, type Judged, type Model } from '@livepod/runtime';
import { wait } from '../clock.js';
import { isBlame } from '../errors.js';
import { troubleOf } from '../trouble.js';
import { noCounters, type Answer, type Counters, type Order } from './messages.js';
import { recordsOf, type Records } from './records.js';

const COUNTERS_EVERY_MS = 500;
/** Between two looks at recordings that cannot be read: the first, and the longest, seconds. */
const LOOK_AGAIN = { first: 1, longest: 300 };

type Watch = Extract<Order, { do: 'watch' }>;
type Tell = (answer: Answer) => void;
type Alone = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * Answers for the person's records as they come, and counts how often the answers are corrected. A window is answered
 * for when the samples after it that the model sees have come, too. Records that cannot be read are told, and looked
 * for again; it never ends by itself.
 */
export async function watch(model: Model, order: Watch, alone: Alone, tell: Tell): Promise<never> {
  const counters = countersTold(tell);
  const { after, step } = model.runnable.input.window;
  await wait(after / step / order.windowsPerSecond);
  for (let again = LOOK_AGAIN.first; ;) {
    const records = await read(model, order, tell);
    if (!records) {
      await wait(again);
      again = Math.min(again * 2, LOOK_AGAIN.longest);
      continue;
    }
    again = LOOK_AGAIN.first;
    // with everything read, the recordings stand for a sensor that never ends; else the folder is looked at again
    do await pass(model, records, order, alone, counters, tell);
    while (!records.trouble);
    await wait(again);
  }
}

/** The person's records; undefined, and told, when there are none. */
async function read(model: Model, { recordings, person }: Watch, tell: Tell): Promise<Records | undefined> {
  try {
    const records = await recordsOf(recordings, person, model.runnable);
    tell({ answer: 'motion', reading: records.reading, trouble: records.trouble });
    return records;
  } catch (error) {
    tell({ answer: 'motion', reading: null, trouble: troubleOf(error) });
    return undefined;
  }
}

/** Every stretch once. */
async function pass(
  model: Model,
  { stretches, reading, trouble }: Records,
  { windowsPerSecond }: Watch,
  alone: Alone,
  counters: Counters,
  tell: Tell,
): Promise<void> {
  const { task, input } = model.runnable;
  let counted: Judged | undefined;
  let lost = false;
  for (const stretch of stretches) {
    try {
      const said = await alone(() => {
        tensorsOf(stretch, model.runnable, model.tensors);
        return model.answer();
      });
      counters.windows += 1;
      if (lost) tell({ answer: 'motion', reading, trouble });
      lost = false;
      if (!Number.isNaN(stretch.truth)) {
        const wrong = Number(taskOf(task).corrected(task, said, stretch.truth));
        counters.judged += 1;
        counters.corrections += wrong;
        if (counted?.track !== stretch.track || stretch.start >= counted.start + input.window.judged) {
          counters.apart += 1;
          counters.apartCorrections += wrong;
          counted = stretch;
        }
      }
    } catch (error) {
      if (error instanceof RuntimeError && isBlame(error.code)) {
        // the window is lost; the count tells the pod, which gives the model up
        counters.errors += 1;
        counters.failure = { code: error.code, message: error.message };
      } else {
        lost = true;
        tell({ answer: 'motion', reading, trouble: troubleOf(error) });
      }
    }
    await wait(1 / windowsPerSecond);
  }
}

/** Counters that are told, and begin at nothing again, twice a second. */
function countersTold(tell: Tell): Counters {
  const counters = noCounters();
  setInterval(() => {
    if (counters.windows + counters.errors === 0) return;
    tell({ answer: 'counters', ...counters });
    Object.assign(counters, noCounters());
  }, COUNTERS_EVERY_MS);
  return counters;
}
