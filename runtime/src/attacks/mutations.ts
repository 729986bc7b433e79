import type { Runnable } from '../runnable.js';
import * as onnx from './onnx.js';
import type { Dice } from './random.js';

/** A checkpoint as somebody is served it: what its manifest says of running it, and its model. */
export interface Served {
  model: Uint8Array;
  manifest: Runnable;
}

/** What the evaluator is served, and what the pod is. */
export interface Mutation {
  toEvaluator: Served;
  toPod: Served;
}

type Mutate = (dice: Dice) => Mutation;

const honest = onnx.honest();
const same = (model: Uint8Array, manifest: Runnable = onnx.runnable): Mutation => ({
  toEvaluator: { model, manifest },
  toPod: { model, manifest },
});
const hidden = (...more: Uint8Array[]): Uint8Array =>
  onnx.modelOf(
    onnx.parts([
      ...onnx.graph().slice(0, 8),
      ...more,
      onnx.node('Softmax', ['hidden'], ['probabilities']),
      ...onnx.graph().slice(9),
    ]),
  );

/** Labels in another order, or others. */
function altered(dice: Dice): Runnable {
  const labels = onnx.runnable.task.kind === 'classification' ? [...onnx.runnable.task.labels] : [];
  const [a, b] = [dice.below(labels.length), dice.below(labels.length)];
  if (a === b) labels[a] = 'ANOTHER';
  else [labels[a], labels[b]] = [labels[b]!, labels[a]!];
  return { ...onnx.runnable, task: { kind: 'classification', labels } };
}

function flipped(dice: Dice, times: number): Uint8Array {
  const model = honest.slice();
  for (; times > 0; times -= 1) model[dice.below(model.length)]! ^= 1 << dice.below(8);
  return model;
}

function spliced(dice: Dice): Uint8Array {
  const [from, length, to] = [dice.below(honest.length), dice.below(64), dice.below(honest.length)];
  const part = honest.subarray(from, from + length);
  return Uint8Array.of(...honest.subarray(0, to), ...part, ...honest.subarray(to));
}

/** Another network of the same form: its last bias is not the honest one's. */
function another(dice: Dice): Uint8Array {
  const offset = onnx.raw(Array.from({ length: 4 }, () => dice.next() * 4));
  const fields = onnx.graph().with(-3, onnx.tensor('offset', [4], offset));
  return onnx.modelOf({ ...onnx.parts(fields), more: [onnx.metadata()] });
}

/** The ways in which a checkpoint is not what it seems, by name. */
export const MUTATIONS: Readonly<Record<string, Mutate>> = {
  'bits flipped': (dice) => same(flipped(dice, 1 + dice.below(4))),
  'bytes moved': (dice) => same(spliced(dice)),
  'cut short': (dice) => same(honest.subarray(0, dice.below(honest.length))),
  // a mark in the middle may hit the producer's name, and such a file is a model: it runs alike, or not at all
  polyglot: (dice) => {
    const front = Uint8Array.from({ length: 4 }, () => dice.below(256));
    const tail = Uint8Array.from({ length: dice.below(64) }, () => dice.below(256));
    const mark = new TextEncoder().encode(dice.pick(['ORTM', 'ORTM', 'PK\u0003\u0004', '%PDF']));
    const [first, second] = dice.pick([
      [
        [front, mark],
        [tail, honest],
      ],
      [[honest], [front, mark, tail]],
      [[honest.subarray(0, 4), mark], [honest.subarray(8)]],
    ] as Uint8Array[][][]) as [Uint8Array[], Uint8Array[]];
    return same(onnx.file(...first, ...second));
  },
  'files swapped': (dice) => ({
    toEvaluator: { model: honest, manifest: onnx.runnable },
    toPod: { model: dice.pick([another(dice), flipped(dice, 1)]), manifest: onnx.runnable },
  }),
  'labels altered': (dice) => ({
    toEvaluator: { model: honest, manifest: onnx.runnable },
    toPod: { model: honest, manifest: altered(dice) },
  }),
  'labels altered for all': (dice) => same(honest, altered(dice)),
  'shape altered': (dice) => {
    const [tensor] = onnx.runnable.input.tensors as [Runnable['input']['tensors'][number]];
    const shape = tensor.shape.map((size) => size + dice.below(3) - 1);
    return same(honest, { ...onnx.runnable, input: { ...onnx.runnable.input, tensors: [{ ...tensor, shape }] } });
  },
  'a tensor too large': (dice) => {
    const times = 2 ** (10 + dice.below(50));
    return dice.pick([
      same(
        hidden(
          onnx.node('Tile', ['scores', 'times'], ['hidden']),
          onnx.tensor('times', [2], onnx.wholes([1, times]), 7),
        ),
      ),
      same(
        hidden(
          onnx.node('Add', ['scores', 'huge'], ['hidden']),
          onnx.tensor('huge', [times, 4], onnx.raw([1, 2, 3, 4])),
        ),
      ),
      same(
        hidden(
          onnx.node('Expand', ['scores', 'size'], ['hidden']),
          onnx.tensor('size', [2], onnx.wholes([times, 4]), 7),
        ),
      ),
    ]);
  },
  'a hidden subgraph': (dice) => {
    const body = onnx.message(
      6,
      onnx.text(2, 'body'),
      onnx.node('Relu', ['scores'], ['inner']),
      onnx.message(12, onnx.text(1, 'inner')),
    );
    const branch = onnx.message(5, onnx.text(1, dice.pick(['then_branch', 'body', 'alpha'])), body, onnx.int(20, 5));
    const operator = dice.pick(['If', 'Loop', 'Scan', 'Relu', 'SequenceMap']);
    return same(hidden(onnx.node(operator, ['scores'], ['hidden'], branch)));
  },
  'a model that sees the batch': (dice) =>
    same(hidden(onnx.node(dice.pick(['Shape', 'Size', 'RandomNormalLike', 'Bernoulli']), ['scores'], ['hidden']))),
  'a function or a second graph': (dice) =>
    same(
      onnx.file(
        honest,
        dice.pick([onnx.message(25, onnx.text(1, 'Softmax')), onnx.message(7, ...onnx.graph()), onnx.message(20)]),
      ),
    ),
  'data outside of the file': (dice) => {
    const place = onnx.message(
      13,
      onnx.text(1, 'location'),
      onnx.text(2, dice.pick(['/dev/zero', '../manifest.json', 'x'])),
    );
    const far = onnx.tensor('far', [4], onnx.raw([0, 0, 0, 0]), 1, dice.pick([place, onnx.int(14, 1)]));
    return same(hidden(onnx.node('Add', ['scores', 'far'], ['hidden']), far));
  },
  'another model, honestly': (dice) => same(another(dice)),
};
