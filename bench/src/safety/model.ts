import { readModel } from '@livepod/runtime';
import * as onnx from '@livepod/runtime/attacks';
import type { BenchOptions, BenchRow } from '../benchmark.js';
import { median, time } from '../measuring.js';

const MODEL_BYTES = 20_000_000;
const MOST_MILLISECONDS = 20;
const REPETITIONS = 21;

/** What a model costs before it runs. */
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
  ];
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
