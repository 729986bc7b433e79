/** The side of a model's process: it does as its host says, one thing at a time, and ends with it. */
import { CodedError } from '@livepod/protocol';
import { RuntimeError } from '../errors.js';
import { Model, type SelfTest } from '../model.js';
import type { Runnable } from '../runnable.js';
import { Frames, MOST_TO_MODEL, bytesOf, float32, frame } from './frames.js';

export type CoreOrder = { do: 'load'; runnable: Runnable } | { do: 'selfTest' } | { do: 'answers'; windows: number };
export type CoreAnswer =
  | { answer: 'up' | 'loaded' | 'answers' }
  | { answer: 'selfTested'; worst: number }
  | { answer: 'refused'; code: string; message: string };

export type Alone = <T>(work: () => Promise<T>) => Promise<T>;
export type Tell = (answer: object, payload?: Uint8Array) => void;

/** What a host of another kind orders beside these. */
export type More = (model: Model, order: object, payload: Buffer, tools: { alone: Alone; tell: Tell }) => Promise<void>;

export function serve(more?: More): void {
  let model: Model | undefined;
  /** One order at a time, and one window: they share the model's tensors. */
  let last: Promise<unknown> = Promise.resolve();

  const tell: Tell = (answer, payload) => void process.stdout.write(frame(answer, payload));
  const alone: Alone = (work) => {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  };

  const obey = async (order: CoreOrder, payload: Buffer): Promise<void> => {
    if (order.do === 'load') {
      await model?.close();
      model = undefined;
      model = await Model.load(payload, order.runnable);
      return tell({ answer: 'loaded' } satisfies CoreAnswer);
    }
    if (!model) throw new RuntimeError('modelDoesNotLoad', {}, 'No model is loaded yet.');
    const loaded = model;
    switch (order.do) {
      case 'selfTest':
        return tell({ answer: 'selfTested', worst: await loaded.selfTest(selfTestIn(payload)) } satisfies CoreAnswer);
      case 'answers':
        return tell(
          { answer: 'answers' } satisfies CoreAnswer,
          await alone(() => answersTo(loaded, order.windows, payload)),
        );
      default:
        return more?.(loaded, order, payload, { alone, tell });
    }
  };

  const frames = new Frames(MOST_TO_MODEL, (order, payload) => {
    obey(order as CoreOrder, payload).catch((error: unknown) => tell({ answer: 'refused', ...refusalOf(error) }));
  });
  process.stdin.on('data', (part: Buffer) => frames.take(part));
  process.stdin.on('end', () => process.exit(0));
  tell({ answer: 'up' } satisfies CoreAnswer);
}

/** The model's outputs for windows that lie behind one another, each run by itself. */
async function answersTo(model: Model, windows: number, payload: Buffer): Promise<Uint8Array> {
  const given = float32(payload);
  const outputs = new Float32Array(windows * model.outputs.length);
  let at = 0;
  for (let window = 0; window < windows; window += 1) {
    for (const tensor of model.tensors) tensor.set(given.subarray(at, (at += tensor.length)));
    outputs.set(await model.run(), window * model.outputs.length);
  }
  return bytesOf(outputs);
}

function selfTestIn(bytes: Buffer): SelfTest {
  try {
    return JSON.parse(bytes.toString('utf8')) as SelfTest;
  } catch {
    throw new RuntimeError('selfTestDiffers', {}, 'The self-test that the checkpoint brings is no JSON.');
  }
}

/** What crosses over of an error: a code, and words that this project wrote. */
export function refusalOf(error: unknown): { code: string; message: string } {
  if (error instanceof CodedError) return { code: error.code, message: error.message };
  return { code: 'inferenceFails', message: 'The process that runs the model failed.' };
}
