/**
 * The process that holds one slot's ONNX session: ONNX Runtime blocks its thread, and may crash; the pod must do
 * neither.
 */
import { readFileSync } from 'node:fs';
import { Model, RuntimeError, type SelfTest } from '@livepod/runtime';
import { PodError, codeOf, reasonOf } from '../errors.js';
import { sha256 as hashOf } from '../hashes.js';
import { infer } from './infer.js';
import type { Answer, Order, SlotFile } from './messages.js';
import { watch } from './watch.js';

let model: Model | undefined;
/** One order at a time, and one window: they share the model's tensors. */
let last: Promise<unknown> = Promise.resolve();

const tell = (answer: Answer): void => void process.send?.(answer);

/** Runs after what uses the model now. */
function alone<T>(work: () => Promise<T>): Promise<T> {
  const mine = last.then(work);
  last = mine.catch(() => undefined);
  return mine;
}

async function obey(order: Order): Promise<void> {
  if (order.do === 'load') {
    model = await Model.load(verified(order.model), order.runnable);
    return tell({ answer: 'loaded' });
  }
  const loaded = model;
  if (!loaded) throw new PodError('noModel', {}, 'No model is loaded yet.');
  switch (order.do) {
    case 'selfTest':
      return tell({ answer: 'selfTested', worst: await loaded.selfTest(selfTestIn(order.test)) });
    case 'watch':
      return watch(loaded, order, alone, tell);
    case 'infer':
      return tell(await alone(() => infer(loaded, order)));
  }
}

/** A slot's file, which is the one that the manifest names; a damaged one is no fault of the checkpoint. */
function verified({ path, sha256 }: SlotFile): Buffer {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    if (codeOf(cause) !== 'ENOENT') throw cause;
    throw new PodError('slotDamaged', { path }, `${path} is not there.`, { cause });
  }
  if (hashOf(bytes) === sha256) return bytes;
  throw new PodError('slotDamaged', { path }, `${path} is damaged: it does not have the hash that its manifest names.`);
}

function selfTestIn(file: SlotFile): SelfTest {
  const text = verified(file).toString('utf8');
  try {
    return JSON.parse(text) as SelfTest;
  } catch (cause) {
    throw new PodError('selfTestDiffers', {}, 'The self-test that the checkpoint brings is no JSON.', { cause });
  }
}

/** Codes of the runtime as this pod's own table, or the operating system, has them. */
const HERE: Readonly<Partial<Record<RuntimeError['code'], string>>> = {
  outOfMemory: 'ENOMEM',
  modelRefused: 'modelDoesNotLoad',
};

/** What crosses over of an error: a code of the pod's own table, or the operating system's. */
function refusal(error: unknown): { code: string; message: string } {
  const code = (error instanceof RuntimeError && HERE[error.code]) || codeOf(error);
  return { code, message: reasonOf(error) };
}

process.on('message', (order: Order) => {
  obey(order).catch((error: unknown) => {
    if (order.do === 'infer') tell({ answer: 'notInferred', id: order.id, ...refusal(error) });
    else tell({ answer: 'refused', ...refusal(error) });
  });
});
process.on('disconnect', () => process.exit(0));
tell({ answer: 'up' });
