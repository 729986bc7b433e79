import { taskOf } from '@livepod/protocol';
import { RuntimeError, tensorsOf, type Judged, type Model, type Track } from '@livepod/runtime';
import { refusalOf, type Alone, type Tell } from '@livepod/runtime/serve';
import { wait } from '../clock.js';
import { isBlame } from '../errors.js';
import { noCounters, type Answer, type Counters, type Order } from './messages.js';
import { stretchesOf } from './records.js';

const COUNTERS_EVERY_MS = 500;

type Watch = Extract<Order, { do: 'watch' }>;
type TellPod = (answer: Answer) => void;

let counters: Counters | undefined;

/**
 * Answers for the person's records as they come, and counts how often the answers are corrected. A window is answered
 * for when the samples after it that the model sees have come, too.
 */
export async function watch(
  model: Model,
  order: Watch,
  tracks: readonly Track[],
  alone: Alone,
  say: Tell,
): Promise<void> {
  const tell = say as TellPod;
  counters ??= countersTold(tell);
  const stretches = stretchesOf(tracks, model.runnable);
  const { after, step } = model.runnable.input.window;
  await wait(after / step / order.windowsPerSecond);
  do await pass(model, stretches, order, alone, counters, tell);
  while (order.again);
  tell({ answer: 'passed' });
}

/** Every stretch once. */
async function pass(
  model: Model,
  stretches: readonly Judged[],
  { windowsPerSecond }: Watch,
  alone: Alone,
  counters: Counters,
  tell: TellPod,
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
      if (lost) tell({ answer: 'found' });
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
        tell({ answer: 'lost', ...refusalOf(error) });
      }
    }
    await wait(1 / windowsPerSecond);
  }
}

/** Counters that are told, and begin at nothing again, twice a second. */
function countersTold(tell: TellPod): Counters {
  const counters = noCounters();
  setInterval(() => {
    if (counters.windows + counters.errors === 0) return;
    tell({ answer: 'counters', ...counters });
    Object.assign(counters, noCounters());
  }, COUNTERS_EVERY_MS);
  return counters;
}
