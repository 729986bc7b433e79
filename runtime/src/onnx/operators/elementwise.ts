import { TYPES, broadcast, type ElementType, type Value } from '../values.js';
import type { NodeToInfer, Operator } from './operator.js';

const { float, int64, bool } = TYPES;

/** One tensor in, one of the same shape out. */
const unary = (attributes: Operator['attributes'] = {}): Operator => ({
  inputs: [1, 1],
  attributes,
  infer: (node) => [{ type: float, dims: node.input(0).dims }],
});

function together(node: NodeToInfer, values: readonly Value[]): number[] {
  return values.reduce<number[]>((dims, value) => {
    const wider = broadcast(dims, value.dims);
    if (!wider) throw node.refused('the shapes of its inputs must go together');
    return wider;
  }, []);
}

/** Tensors of one type, broadcast. */
const arithmetic = (inputs: Operator['inputs'], ...types: ElementType[]): Operator => ({
  inputs,
  infer: (node) => {
    const values = node.all(...types);
    return [{ type: values[0]!.type, dims: together(node, values) }];
  },
});

const comparison = (...types: ElementType[]): Operator => ({
  inputs: [2, 2],
  infer: (node) => [{ type: bool, dims: together(node, node.all(...types)) }],
});

/** Along one axis of one tensor. */
const along: Operator = {
  inputs: [1, 1],
  attributes: { axis: 'int' },
  infer: (node) => {
    const { dims } = node.ranked(0, 1, 8);
    node.axis(node.int('axis', -1), dims.length);
    return [{ type: float, dims }];
  },
};

/** Each number by itself, or two tensors number by number. */
export const ELEMENTWISE: Readonly<Record<string, Operator>> = {
  Abs: unary(),
  Ceil: unary(),
  Celu: unary({ alpha: 'float' }),
  Cos: unary(),
  Elu: unary({ alpha: 'float' }),
  Erf: unary(),
  Exp: unary(),
  Floor: unary(),
  Gelu: { ...unary({ approximate: 'text' }), since: 20 },
  HardSigmoid: unary({ alpha: 'float', beta: 'float' }),
  HardSwish: unary(),
  LeakyRelu: unary({ alpha: 'float' }),
  Log: unary(),
  Mish: { ...unary(), since: 18 },
  Neg: unary(),
  Reciprocal: unary(),
  Relu: unary(),
  Round: unary(),
  Selu: unary({ alpha: 'float', gamma: 'float' }),
  Sigmoid: unary(),
  Sign: unary(),
  Sin: unary(),
  Softplus: unary(),
  Softsign: unary(),
  Sqrt: unary(),
  Tanh: unary(),
  ThresholdedRelu: unary({ alpha: 'float' }),
  Softmax: along,
  LogSoftmax: along,
  Add: arithmetic([2, 2], float, int64),
  Sub: arithmetic([2, 2], float, int64),
  Mul: arithmetic([2, 2], float, int64),
  Div: arithmetic([2, 2], float),
  Pow: arithmetic([2, 2], float),
  Max: arithmetic([1, 8], float),
  Min: arithmetic([1, 8], float),
  Mean: arithmetic([1, 8], float),
  Sum: arithmetic([1, 8], float),
  And: arithmetic([2, 2], bool),
  Or: arithmetic([2, 2], bool),
  Equal: comparison(float, int64),
  Greater: comparison(float, int64),
  GreaterOrEqual: comparison(float, int64),
  Less: comparison(float, int64),
  LessOrEqual: comparison(float, int64),
  Not: { inputs: [1, 1], infer: (node) => [{ type: bool, dims: node.input(0, bool).dims }] },
  Identity: { inputs: [1, 1], infer: (node) => [node.input(0, float, int64, bool)] },
  Cast: {
    inputs: [1, 1],
    attributes: { to: 'int' },
    infer: (node) => {
      const to = node.int('to', 0);
      if (to !== float && to !== int64 && to !== bool)
        throw node.refused('attribute to must be a type that is allowed');
      return [{ type: to, dims: node.input(0, float, int64, bool).dims }];
    },
  },
  Clip: {
    inputs: [1, 3],
    infer: (node) => {
      for (const bound of [1, 2])
        if (node.has(bound) && node.input(bound).dims.length > 0)
          throw node.refused('its bounds must be single numbers');
      return [{ type: float, dims: node.input(0).dims }];
    },
  },
  /** Left out when a model runs; what would make it random is not allowed. */
  Dropout: { inputs: [1, 2], infer: (node) => [{ type: float, dims: node.input(0).dims }] },
  PRelu: {
    inputs: [2, 2],
    infer: (node) => {
      const { dims } = node.input(0);
      if (broadcast(dims, node.input(1).dims)?.join() !== dims.join())
        throw node.refused('its slope must fit its input');
      return [{ type: float, dims }];
    },
  },
  Where: {
    inputs: [3, 3],
    infer: (node) => {
      const [a, b] = [node.input(1, float, int64), node.input(2, float, int64)];
      if (a.type !== b.type) throw node.refused('its inputs must be of one type');
      return [{ type: a.type, dims: together(node, [node.input(0, bool), a, b]) }];
    },
  },
};
