import { taskOf } from '@livepod/protocol';
import { tensorsOf, type Model } from '@livepod/runtime';
import { refusalOf, type Alone } from '@livepod/runtime/serve';
import type { Answer, Order } from './messages.js';

type Infer = Extract<Order, { do: 'infer' }>;

/**
 * What the model says of samples that the pod's owner sent: one window, with what the model sees before and after it,
 * or the judged part alone, at whose ends the first and last samples are repeated. Its size has been checked.
 */
export async function infer(
  model: Model,
  { id, columns, rows }: Infer,
  alone: Alone,
  tell: (answer: Answer) => void,
): Promise<void> {
  const { task, input } = model.runnable;
  const track = {
    name: id,
    person: '',
    length: rows.length,
    columns,
    channels: columns.length,
    samples: Float32Array.from(rows.flat()),
    labels: new Int16Array(rows.length).fill(-1),
  };
  const start = rows.length === input.window.judged ? 0 : input.window.before;
  try {
    await alone(async () => {
      tensorsOf({ track, start, truth: NaN, pure: false }, model.runnable, model.tensors);
      const said = await model.answer();
      const scores = taskOf(task).outputs(task) > 1 ? [...model.outputs] : [];
      tell({ answer: 'inferred', id, said, scores });
    });
  } catch (error) {
    tell({ answer: 'notInferred', id, ...refusalOf(error) });
  }
}
