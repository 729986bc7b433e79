/** Writes ONNX files field by field: the right ones, and those that no exporter writes. */
import type { Runnable } from '../runnable.js';

/** A field as its bytes, key first. */
export type Field = Uint8Array;

const join = (parts: readonly Uint8Array[]): Uint8Array => {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
};

export function varint(value: number | bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Uint8Array.from(bytes);
}

export const int = (field: number, value: number | bigint): Field => join([varint(field * 8), varint(value)]);
export const bytes = (field: number, value: Uint8Array): Field =>
  join([varint(field * 8 + 2), varint(value.length), value]);
export const text = (field: number, value: string): Field => bytes(field, new TextEncoder().encode(value));
export const float = (field: number, value: number): Field =>
  join([varint(field * 8 + 5), new Uint8Array(Float32Array.of(value).buffer)]);
export const message = (field: number, ...fields: Field[]): Field => bytes(field, join(fields));
export const file = (...fields: Field[]): Uint8Array => join(fields);

export const raw = (values: readonly number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);
export const wholes = (values: readonly number[]): Uint8Array =>
  new Uint8Array(BigInt64Array.from(values, BigInt).buffer);

/** AttributeProto of a whole number, of several, and of a number. */
export const attribute = {
  int: (name: string, value: number): Field => message(5, text(1, name), int(3, value), int(20, 2)),
  ints: (name: string, values: readonly number[]): Field =>
    message(5, text(1, name), ...values.map((value) => int(8, value)), int(20, 7)),
  float: (name: string, value: number): Field => message(5, text(1, name), float(2, value), int(20, 1)),
};

/** NodeProto, in its graph. */
export const node = (type: string, input: readonly string[], output: readonly string[], ...more: Field[]): Field =>
  message(
    1,
    ...input.map((name) => text(1, name)),
    ...output.map((name) => text(2, name)),
    text(3, output[0] ?? ''),
    text(4, type),
    ...more,
  );

/** TensorProto, in its graph. */
export const tensor = (name: string, dims: readonly number[], values: Uint8Array, type = 1, ...more: Field[]): Field =>
  message(5, ...dims.map((size) => int(1, size)), int(2, type), text(8, name), bytes(9, values), ...more);

/** ValueInfoProto, in its graph: 11 of what comes in, 12 of what comes out. A batch of null is one without a size. */
export const value = (field: 11 | 12 | 13, name: string, dims: readonly (number | null)[], type = 1): Field =>
  message(
    field,
    text(1, name),
    message(
      2,
      message(
        1,
        int(1, type),
        message(2, ...dims.map((size) => message(1, size === null ? text(2, 'N') : int(1, size)))),
      ),
    ),
  );

export interface Parts {
  ir: number;
  opset: Field[];
  graph: Field[];
  more: Field[];
}

/** What a model is made of, one field of its graph after the other. */
export const parts = (graph: Field[]): Parts => ({
  ir: 8,
  opset: [message(8, text(1, ''), int(2, 17))],
  graph,
  more: [],
});

export const modelOf = ({ ir, opset, graph, more }: Parts): Uint8Array =>
  file(int(1, ir), text(2, 'livepod'), message(7, ...graph), ...opset, ...more);

const WINDOW = 50;
const CHANNELS = 6;
const LABELS = ['WALKING', 'RUNNING', 'STILL', 'FALLING'];
const FILTERS = 8;

/** A small network of the kind that pods run, as its manifest describes it. */
export const runnable: Runnable = {
  task: { kind: 'classification', labels: LABELS },
  input: {
    modality: 'motion',
    rateMilliHz: 50_000,
    window: { before: 0, judged: WINDOW, after: 0, step: 25 },
    tensors: [
      {
        name: 'motion',
        type: 'float32',
        shape: [WINDOW, CHANNELS],
        channels: Array.from({ length: CHANNELS }, (_, at) => ({ name: `c${at}`, unit: 'm/s2' })),
      },
    ],
  },
  runtime: { opset: 17, outputs: [{ name: 'probabilities', type: 'float32', shape: [LABELS.length] }] },
};

/** Numbers between -1 and 1 that are the same each time. */
function numbers(count: number, seed: number): number[] {
  return Array.from({ length: count }, (_, at) => Math.sin(seed * 1_000 + at * 12.9898));
}

/** The fields of that network's graph: transpose, convolution, normalisation, pool, mean, product, softmax. */
export const graph = (): Field[] => [
  node('Transpose', ['motion'], ['turned'], attribute.ints('perm', [0, 2, 1])),
  node(
    'Conv',
    ['turned', 'kernel', 'bias'],
    ['waves'],
    attribute.ints('kernel_shape', [5]),
    attribute.ints('pads', [2, 2]),
    attribute.ints('strides', [1]),
  ),
  node(
    'BatchNormalization',
    ['waves', 'gamma', 'beta', 'mean', 'variance'],
    ['even'],
    attribute.float('epsilon', 0.001),
  ),
  node('Relu', ['even'], ['rest']),
  node('MaxPool', ['rest'], ['pooled'], attribute.ints('kernel_shape', [2]), attribute.ints('strides', [2])),
  node('ReduceMean', ['pooled'], ['flat'], attribute.ints('axes', [2]), attribute.int('keepdims', 0)),
  node('Reshape', ['flat', 'shape'], ['row']),
  node('Gemm', ['row', 'weights', 'offset'], ['scores']),
  node('Softmax', ['scores'], ['probabilities'], attribute.int('axis', -1)),
  text(2, 'network'),
  tensor('kernel', [FILTERS, CHANNELS, 5], raw(numbers(FILTERS * CHANNELS * 5, 1))),
  tensor('bias', [FILTERS], raw(numbers(FILTERS, 2))),
  tensor('gamma', [FILTERS], raw(numbers(FILTERS, 3))),
  tensor('beta', [FILTERS], raw(numbers(FILTERS, 4))),
  tensor('mean', [FILTERS], raw(numbers(FILTERS, 5))),
  tensor('variance', [FILTERS], raw(numbers(FILTERS, 6).map((each) => each ** 2 + 0.1))),
  tensor('shape', [2], wholes([-1, FILTERS]), 7),
  tensor('weights', [FILTERS, LABELS.length], raw(numbers(FILTERS * LABELS.length, 7))),
  tensor('offset', [LABELS.length], raw(numbers(LABELS.length, 8))),
  value(11, 'motion', [null, WINDOW, CHANNELS]),
  value(12, 'probabilities', [null, LABELS.length]),
];

/** Fields of metadata that say of the model what its manifest says. */
export const metadata = (labels: readonly string[] = LABELS): Field =>
  message(14, text(1, 'labels'), text(2, JSON.stringify(labels)));

export const honest = (): Uint8Array => modelOf({ ...parts(graph()), more: [metadata()] });
