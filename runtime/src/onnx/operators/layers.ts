import { broadcast, countOf, floats, type Value } from '../values.js';
import type { NodeToInfer, Operator } from './operator.js';

const MOST = 65_536;

/** Along each spatial axis: how far the kernel reaches, its steps, and what is added at both ends. */
interface Moves {
  kernel: readonly number[];
  strides: readonly number[];
  dilations: readonly number[];
  pads: readonly number[];
}

function movesOf(node: NodeToInfer, spatial: number, kernel: readonly number[]): Moves {
  const listed = (name: string, length: number, least: number, otherwise: number): readonly number[] => {
    const given = node.ints(name) ?? Array.from({ length }, () => otherwise);
    if (given.length !== length || given.some((value) => value < least || value > MOST))
      throw node.refused(`attribute ${name} must name ${length} sizes`);
    return given;
  };
  if ((node.ints('kernel_shape') ?? kernel).join() !== kernel.join() || kernel.length !== spatial)
    throw node.refused('its kernel must have the shape that it names');
  return {
    kernel,
    strides: listed('strides', spatial, 1, 1),
    dilations: listed('dilations', spatial, 1, 1),
    pads: listed('pads', 2 * spatial, 0, 0),
  };
}

/** Sizes after a kernel has moved over these. */
function moved(node: NodeToInfer, sizes: readonly number[], moves: Moves): number[] {
  const padding = node.text('auto_pad', ['NOTSET', 'VALID', 'SAME_UPPER', 'SAME_LOWER']);
  const up = node.int('ceil_mode', 0) !== 0;
  return sizes.map((size, at) => {
    const stride = moves.strides[at]!;
    if (padding.startsWith('SAME')) return Math.ceil(size / stride);
    const pads = padding === 'VALID' ? 0 : moves.pads[at]! + moves.pads[at + sizes.length]!;
    const reach = (moves.kernel[at]! - 1) * moves.dilations[at]! + 1;
    const steps = (size + pads - reach) / stride;
    if (steps < 0) throw node.refused('its kernel must fit into its input');
    return (up ? Math.ceil(steps) : Math.floor(steps)) + 1;
  });
}

const MOVES = { auto_pad: 'text', dilations: 'ints', kernel_shape: 'ints', pads: 'ints', strides: 'ints' } as const;

const pool = (attributes: Operator['attributes']): Operator => ({
  inputs: [1, 1],
  attributes: { ...MOVES, ceil_mode: 'int', ...attributes },
  infer: (node) => {
    const [batch, channels, ...sizes] = node.ranked(0, 3, 5).dims as [number, number, ...number[]];
    const kernel = node.ints('kernel_shape') ?? [];
    if (kernel.some((size) => size < 1 || size > MOST)) throw node.refused('its kernel must have sizes');
    node.only('storage_order', 0);
    return [floats([batch, channels, ...moved(node, sizes, movesOf(node, sizes.length, kernel))])];
  },
  work: (node, [output]) => countOf(output!.dims) * countOf(node.ints('kernel_shape') ?? []),
});

const overall: Operator = {
  inputs: [1, 1],
  infer: (node) => {
    const [batch, channels, ...sizes] = node.ranked(0, 3, 5).dims as [number, number, ...number[]];
    return [floats([batch, channels, ...sizes.map(() => 1)])];
  },
};

/** The channels' own parameters: vectors of their number. */
function perChannel(node: NodeToInfer, from: number, channels: number): void {
  for (let index = from; index < node.count; index += 1)
    if (node.input(index).dims.join() !== String(channels)) throw node.refused(`input ${index} must be per channel`);
}

/** A network's layers. */
export const LAYERS: Readonly<Record<string, Operator>> = {
  Conv: {
    inputs: [2, 3],
    attributes: { ...MOVES, group: 'int' },
    infer: (node) => {
      const [batch, channels, ...sizes] = node.ranked(0, 3, 5).dims as [number, number, ...number[]];
      const [filters, perGroup, ...kernel] = node.input(1).dims as [number, number, ...number[]];
      const group = node.int('group', 1);
      if (!(group >= 1) || channels !== perGroup * group || filters % group !== 0)
        throw node.refused('its kernel must fit the channels of its input');
      perChannel(node, 2, filters);
      return [floats([batch, filters, ...moved(node, sizes, movesOf(node, sizes.length, kernel))])];
    },
    work: (node, [output]) => countOf(output!.dims) * countOf(node.input(1).dims.slice(1)),
  },
  ConvTranspose: {
    inputs: [2, 3],
    attributes: { dilations: 'ints', kernel_shape: 'ints', pads: 'ints', strides: 'ints', group: 'int' },
    infer: (node) => {
      const [batch, channels, ...sizes] = node.ranked(0, 3, 5).dims as [number, number, ...number[]];
      const [given, filters, ...kernel] = node.input(1).dims as [number, number, ...number[]];
      node.only('group', 1);
      if (channels !== given) throw node.refused('its kernel must fit the channels of its input');
      perChannel(node, 2, filters);
      const { strides, dilations, pads } = movesOf(node, sizes.length, kernel);
      const grown = sizes.map(
        (size, at) =>
          strides[at]! * (size - 1) + (kernel[at]! - 1) * dilations[at]! + 1 - pads[at]! - pads[at + sizes.length]!,
      );
      if (grown.some((size) => size < 1)) throw node.refused('something must be left');
      return [floats([batch, filters, ...grown])];
    },
    work: (node) => countOf(node.input(0).dims) * countOf(node.input(1).dims.slice(1)),
  },
  MaxPool: pool({ storage_order: 'int' }),
  AveragePool: pool({ count_include_pad: 'int' }),
  GlobalMaxPool: overall,
  GlobalAveragePool: overall,
  BatchNormalization: {
    inputs: [5, 5],
    attributes: { epsilon: 'float', momentum: 'float', training_mode: 'int' },
    infer: (node) => {
      const { dims } = node.ranked(0, 2, 5);
      node.only('training_mode', 0);
      perChannel(node, 1, dims[1]!);
      return [floats(dims)];
    },
  },
  InstanceNormalization: {
    inputs: [3, 3],
    attributes: { epsilon: 'float' },
    infer: (node) => {
      const { dims } = node.ranked(0, 3, 5);
      perChannel(node, 1, dims[1]!);
      return [floats(dims)];
    },
  },
  LayerNormalization: {
    inputs: [2, 3],
    attributes: { axis: 'int', epsilon: 'float', stash_type: 'int' },
    infer: (node) => {
      const { dims } = node.ranked(0, 1, 8);
      const inner = dims.slice(node.axis(node.int('axis', -1), dims.length));
      for (let index = 1; index < node.count; index += 1)
        if (broadcast(inner, node.input(index).dims)?.join() !== inner.join())
          throw node.refused(`input ${index} must fit what is normalised`);
      return [floats(dims)];
    },
  },
  MatMul: {
    inputs: [2, 2],
    infer: (node) => {
      const [a, b] = [node.ranked(0, 2, 8).dims, node.ranked(1, 2, 8).dims];
      const outer = broadcast(a.slice(0, -2), b.slice(0, -2));
      if (!outer || a.at(-1) !== b.at(-2)) throw node.refused('its matrices must fit');
      return [floats([...outer, a.at(-2)!, b.at(-1)!])];
    },
    work: (node, [output]) => countOf(output!.dims) * node.input(0).dims.at(-1)!,
  },
  Gemm: {
    inputs: [2, 3],
    attributes: { alpha: 'float', beta: 'float', transA: 'int', transB: 'int' },
    infer: (node) => {
      const turned = (dims: readonly number[], turn: number): readonly number[] => (turn ? dims.toReversed() : dims);
      const [rows, inner] = turned(node.ranked(0, 2).dims, node.int('transA', 0)) as [number, number];
      const [same, columns] = turned(node.ranked(1, 2).dims, node.int('transB', 0)) as [number, number];
      if (inner !== same) throw node.refused('its matrices must fit');
      if (node.has(2) && broadcast([rows, columns], node.input(2).dims)?.join() !== `${rows},${columns}`)
        throw node.refused('input 2 must fit the product');
      return [floats([rows, columns])];
    },
    work: (node, [output]) => countOf(output!.dims) * countOf(node.input(0).dims),
  },
  LSTM: recurrent(4),
  GRU: recurrent(3),
};

/** @param gates  an LSTM's, or a GRU's */
function recurrent(gates: 3 | 4): Operator {
  const lstm = gates === 4;
  return {
    inputs: [3, lstm ? 7 : 6],
    outputs: lstm ? 3 : 2,
    attributes: {
      direction: 'text',
      hidden_size: 'int',
      layout: 'int',
      ...(lstm ? {} : { linear_before_reset: 'int' }),
    },
    infer: (node) => {
      const [time, batch, width] = node.ranked(0, 3).dims as [number, number, number];
      node.only('layout', 0);
      if (node.has(4)) throw node.refused('sequences have one length');
      const directions = node.text('direction', ['forward', 'reverse', 'bidirectional']) === 'bidirectional' ? 2 : 1;
      const hidden = node.int('hidden_size', 0);
      const state = [directions, batch, hidden];
      const shapes = [
        [directions, gates * hidden, width],
        [directions, gates * hidden, hidden],
        [directions, 2 * gates * hidden],
        null,
        state,
        state,
      ];
      for (let index = 1; index < node.count; index += 1) {
        const shape = shapes[index - 1];
        if (node.has(index) && shape && node.input(index).dims.join() !== shape.join())
          throw node.refused(`input ${index} must be of the layer's size`);
      }
      const outputs: Value[] = [floats([time, directions, batch, hidden]), floats(state), floats(state)];
      return outputs.slice(0, node.outputs);
    },
    work: (node) => node.input(0).dims[0]! * (countOf(node.input(1).dims) + countOf(node.input(2).dims)),
  };
}
