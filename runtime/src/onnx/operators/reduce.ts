import { TYPES } from '../values.js';
import type { Operator } from './operator.js';

const { float, int64 } = TYPES;

/** @param since  the operator set from which on its axes are an input */
const reduction = (since: number): Operator => ({
  inputs: [1, 2],
  attributes: { axes: 'ints', keepdims: 'int', noop_with_empty_axes: 'int' },
  infer: (node) => {
    const { dims } = node.input(0);
    node.only('noop_with_empty_axes', 0);
    const axes = node.axes(node.axesGiven(1, since) ?? dims.map((_, at) => at), dims.length);
    const keep = node.int('keepdims', 1) !== 0;
    return [{ type: float, dims: dims.flatMap((size, at) => (axes.includes(at) ? (keep ? [1] : []) : [size])) }];
  },
  work: (node) => node.input(0).dims.reduce((product, size) => product * size, 1),
});

const place: Operator = {
  inputs: [1, 1],
  attributes: { axis: 'int', keepdims: 'int', select_last_index: 'int' },
  infer: (node) => {
    const { dims } = node.ranked(0, 1, 8);
    const axis = node.axis(node.int('axis', 0), dims.length);
    return [{ type: int64, dims: node.int('keepdims', 1) !== 0 ? dims.with(axis, 1) : dims.toSpliced(axis, 1) }];
  },
};

/** Many numbers to one. */
export const REDUCE: Readonly<Record<string, Operator>> = {
  ReduceL1: reduction(18),
  ReduceL2: reduction(18),
  ReduceLogSum: reduction(18),
  ReduceLogSumExp: reduction(18),
  ReduceMax: reduction(18),
  ReduceMean: reduction(18),
  ReduceMin: reduction(18),
  ReduceProd: reduction(18),
  ReduceSum: reduction(13),
  ReduceSumSquare: reduction(18),
  ArgMax: place,
  ArgMin: place,
};
