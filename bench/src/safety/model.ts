import {
  Model,
  ModelProcess,
  answersOf,
  examplesOf,
  readModel,
  readTracks,
  tensorsOf,
  type Judged,
  type Runnable,
} from '@livepod/runtime';
import * as onnx from '@livepod/runtime/attacks';
import { BenchError, type BenchOptions, type BenchRow } from '../benchmark.js';
import { motionModel, windows } from '../inference/model.js';
import { median, takeTurns, time } from '../measuring.js';

const MODEL_BYTES = 20_000_000;
const MOST_MILLISECONDS = 20;
const REPETITIONS = 21;
const LEAST_SHARE_OF_SPEED = 0.5;
const ROUNDS = 7;
const RECORDED = 150; // windows behind one another, of which twice as many are cut

/** What a model costs before it runs, and in a process of its own. */
export async function modelRows(options: BenchOptions): Promise<BenchRow[]> {
  const model = largeModel();
  options.progress(`reading a model of ${model.length.toLocaleString('en-US')} bytes`);
  const times: number[] = [];
  for (let repetition = 0; repetition < REPETITIONS; repetition += 1)
    times.push(await time(() => readModel(model, onnx.runnable)));
  return [
    {
      name: 'model reader, 20 MB',
      value: median(times),
      unit: 'ms',
      peer: null,
      peerValue: null,
      ratio: null,
      target: MOST_MILLISECONDS,
      bound: 'most',
    },
    await evaluationRow(options),
  ];
}

/** Windows a second that an evaluator gets answers for, in the model's process and, as before, in its own. */
async function evaluationRow(options: BenchOptions): Promise<BenchRow> {
  options.progress('training a motion-cnn for a moment, to evaluate it');
  const { bytes, runnable, remove } = await motionModel();
  const here = await Model.load(bytes, runnable);
  const process = await ModelProcess.start();
  try {
    await process.load(bytes, runnable);
    const examples = examplesOf(await readTracks([recording(runnable)], runnable), runnable);
    const theirs = await answersOf(process, runnable, examples);
    if (theirs.join() !== (await answersHere(here, runnable, examples)).join())
      throw new BenchError('wrongResult', {}, 'The process and this one answer differently for the same windows.');
    options.progress(`evaluating ${examples.length} windows, confined by ${process.confinement}`);
    const [confined, open] = (await takeTurns(ROUNDS, [
      () => time(() => answersOf(process, runnable, examples)),
      () => time(() => answersHere(here, runnable, examples)),
    ])) as [number[], number[]];
    const [value, peerValue] = [confined, open].map((times) => (examples.length / median(times)) * 1_000) as [
      number,
      number,
    ];
    return {
      name: 'evaluation through the model’s process',
      value,
      unit: 'windows/s',
      peer: 'in the evaluator’s own',
      peerValue,
      ratio: value / peerValue,
      target: LEAST_SHARE_OF_SPEED,
    };
  } finally {
    await Promise.all([process.close(), here.close()]);
    remove();
  }
}

async function answersHere(model: Model, runnable: Runnable, examples: readonly Judged[]): Promise<Float64Array> {
  const said = new Float64Array(examples.length);
  for (const [at, example] of examples.entries()) {
    tensorsOf(example, runnable, model.tensors);
    said[at] = await model.answer();
  }
  return said;
}

/** One person's made-up motion, all of one label. */
function recording({ task, input }: Runnable): { name: string; person: string; bytes: Uint8Array } {
  const channels = input.tensors[0]!.channels!.map(({ name }) => name);
  const label = task.kind === 'classification' ? task.labels[0] : '';
  const rows = [[...channels, 'timestamp', 'label'].join(',')];
  for (const window of windows(RECORDED, 3))
    for (let at = 0; at < window.length; at += channels.length)
      rows.push([...window.slice(at, at + channels.length), rows.length * 20, label].join(','));
  return { name: 'p1_01_sw.csv', person: 'p1', bytes: new TextEncoder().encode(rows.join('\n')) };
}

/** The honest network with a hundred wide layers before its answer. */
function largeModel(): Uint8Array {
  const width = 200;
  const weights = onnx.raw(Array.from({ length: width * width }, (_, at) => Math.sin(at) / width));
  const layers = Math.ceil(MODEL_BYTES / weights.length);
  const graph = onnx.graph();
  const deep = Array.from({ length: layers }, (_, at) => [
    onnx.node('MatMul', [at === 0 ? 'wide' : `layer${at - 1}`, `weights${at}`], [`product${at}`]),
    onnx.node('Relu', [`product${at}`], [`layer${at}`]),
    onnx.tensor(`weights${at}`, [width, width], weights),
  ]).flat();
  const [into, out] = [4, 4].map((inner, at) =>
    onnx.tensor(
      at === 0 ? 'into' : 'out',
      at === 0 ? [inner, width] : [width, inner],
      onnx.raw(new Array<number>(inner * width).fill(0.1)),
    ),
  );
  return onnx.modelOf(
    onnx.parts([
      ...graph.slice(0, 8),
      onnx.node('MatMul', ['scores', 'into'], ['wide']),
      ...deep,
      onnx.node('MatMul', [`layer${layers - 1}`, 'out'], ['narrow']),
      onnx.node('Softmax', ['narrow'], ['probabilities']),
      ...graph.slice(9),
      into!,
      out!,
    ]),
  );
}
