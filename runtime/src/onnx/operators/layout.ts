import { TYPES, broadcast, countOf, floats, type Value } from '../values.js';
import type { NodeToInfer, Operator } from './operator.js';

const { float, int64, bool } = TYPES;
const any = [float, int64, bool] as const;

/** Numbers that are kept when only the shape around them changes. */
const kept = ({ ints }: Value): Pick<Value, 'ints'> => (ints ? { ints } : {});

/** What moves, cuts and repeats numbers. Shapes, axes and places must be constants of the file. */
export const LAYOUT: Readonly<Record<string, Operator>> = {
  Constant: {
    inputs: [0, 0],
    attributes: {
      value: 'tensor',
      value_int: 'int',
      value_ints: 'ints',
      value_float: 'float',
      value_floats: 'floats',
    },
    infer: (node) => {
      if (node.named.length !== 1) throw node.refused('it must have one value');
      const value = node.tensor('value');
      if (value) return [value];
      const ints = node.ints('value_ints');
      if (ints) return [{ type: int64, dims: [ints.length], ints }];
      const listed = node.floats('value_floats');
      if (listed) return [{ type: float, dims: [listed.length] }];
      const int = node.int('value_int', 0);
      return [node.named[0] === 'value_int' ? { type: int64, dims: [], ints: [int] } : floats([])];
    },
  },
  Flatten: {
    inputs: [1, 1],
    attributes: { axis: 'int' },
    infer: (node) => {
      const { dims, type } = node.input(0, ...any);
      const given = node.int('axis', 1);
      const axis = given === dims.length ? given : node.axis(given, dims.length);
      return [{ type, dims: [countOf(dims.slice(0, axis)), countOf(dims.slice(axis))] }];
    },
  },
  Reshape: {
    inputs: [2, 2],
    attributes: { allowzero: 'int' },
    infer: (node) => {
      node.only('allowzero', 0);
      const value = node.input(0, ...any);
      const dims = node.constant(1).map((size, at) => (size === 0 ? (value.dims[at] ?? NaN) : size));
      const open = dims.indexOf(-1);
      if (open >= 0) dims[open] = countOf(value.dims) / countOf(dims.filter((size) => size !== -1));
      if (dims.length > 8 || !dims.every((size) => Number.isInteger(size) && size > 0))
        throw node.refused('its new sizes must be whole');
      if (countOf(dims) !== countOf(value.dims)) throw node.refused('its new shape must hold what the old one held');
      return [{ type: value.type, dims, ...kept(value) }];
    },
  },
  Transpose: {
    inputs: [1, 1],
    attributes: { perm: 'ints' },
    infer: (node) => {
      const { dims, type } = node.input(0, ...any);
      const order = node.axes(node.ints('perm') ?? dims.map((_, at) => dims.length - 1 - at), dims.length);
      if (order.length !== dims.length) throw node.refused('its order must name every axis');
      return [{ type, dims: order.map((axis) => dims[axis]!) }];
    },
  },
  Squeeze: {
    inputs: [1, 2],
    infer: (node) => {
      const value = node.input(0, ...any);
      const { dims } = value;
      const ones = dims.flatMap((size, at) => (size === 1 ? [at] : []));
      const axes = node.has(1) ? node.axes(node.constant(1), dims.length) : ones;
      if (axes.some((axis) => dims[axis] !== 1)) throw node.refused('only axes of size 1 can be left out');
      return [{ type: value.type, dims: dims.filter((_, at) => !axes.includes(at)), ...kept(value) }];
    },
  },
  Unsqueeze: {
    inputs: [2, 2],
    infer: (node) => {
      const value = node.input(0, ...any);
      const wanted = node.constant(1);
      const rank = value.dims.length + wanted.length;
      if (rank > 8) throw node.refused('a tensor has at most 8 dimensions');
      const axes = node.axes(wanted, rank);
      const rest = [...value.dims];
      const dims = Array.from({ length: rank }, (_, at) => (axes.includes(at) ? 1 : rest.shift()!));
      return [{ type: value.type, dims, ...kept(value) }];
    },
  },
  Concat: {
    inputs: [1, 64],
    attributes: { axis: 'int' },
    infer: (node) => {
      const values = node.all(...any);
      const [{ dims, type }] = values as [Value];
      const axis = node.axis(node.int('axis', NaN), dims.length);
      const same = (other: readonly number[]): boolean =>
        other.length === dims.length && other.every((size, at) => at === axis || size === dims[at]);
      if (!values.every((value) => same(value.dims))) throw node.refused('its inputs must fit beside one another');
      const ints = values.every((value) => value.ints) ? values.flatMap((value) => value.ints!) : undefined;
      const total = values.reduce((sum, value) => sum + value.dims[axis]!, 0);
      return [{ type, dims: dims.with(axis, total), ...(ints && dims.length === 1 ? { ints } : {}) }];
    },
  },
  Slice: { inputs: [3, 5], infer: slice },
  Split: {
    inputs: [1, 2],
    outputs: 64,
    attributes: { axis: 'int', num_outputs: 'int' },
    infer: (node) => {
      const { dims, type } = node.input(0, ...any);
      const axis = node.axis(node.int('axis', 0), dims.length);
      const size = dims[axis]!;
      const each = Math.ceil(size / node.outputs);
      const equal = Array.from({ length: node.outputs }, (_, at) => Math.min(each, size - at * each));
      const sizes = node.has(1) ? node.constant(1) : equal;
      const whole = sizes.length === node.outputs && sizes.every((part) => part > 0);
      if (
        !whole ||
        sizes.reduce((sum, part) => sum + part, 0) !== size ||
        node.int('num_outputs', node.outputs) !== node.outputs
      )
        throw node.refused('its parts must be the whole');
      return sizes.map((part) => ({ type, dims: dims.with(axis, part) }));
    },
  },
  Pad: {
    inputs: [2, 4],
    attributes: { mode: 'text' },
    infer: (node) => {
      const { dims } = node.input(0);
      node.text('mode', ['constant', 'reflect', 'edge']);
      if (node.has(2) && countOf(node.input(2).dims) !== 1) throw node.refused('what it pads with must be one number');
      const axes = node.has(3) ? node.axes(node.constant(3), dims.length) : dims.map((_, at) => at);
      const pads = node.constant(1);
      if (pads.length !== 2 * axes.length || pads.some((pad) => pad < 0))
        throw node.refused('it must name what is added at both ends of each axis');
      const padded = [...dims];
      axes.forEach((axis, at) => (padded[axis]! += pads[at]! + pads[at + axes.length]!));
      return [{ type: float, dims: padded }];
    },
  },
  Tile: {
    inputs: [2, 2],
    infer: (node) => {
      const { dims, type } = node.input(0, ...any);
      const times = node.constant(1);
      if (times.length !== dims.length || times.some((time) => time < 1))
        throw node.refused('it must say how often along each axis');
      return [{ type, dims: dims.map((size, at) => size * times[at]!) }];
    },
  },
  Expand: {
    inputs: [2, 2],
    infer: (node) => {
      const { dims, type } = node.input(0, ...any);
      const wanted = node.constant(1);
      const wider = wanted.length <= 8 && wanted.every((size) => size > 0) && broadcast(dims, wanted);
      if (!wider) throw node.refused('its new shape must go together with the old one');
      return [{ type, dims: wider }];
    },
  },
  Gather: {
    inputs: [2, 2],
    attributes: { axis: 'int' },
    infer: (node) => {
      const value = node.input(0, ...any);
      const { dims, type } = value;
      const axis = node.axis(node.int('axis', 0), dims.length);
      const places = node.input(1, int64);
      if (places.ints?.some((at) => at < -dims[axis]! || at >= dims[axis]!))
        throw node.refused('what it takes must be there');
      const chosen =
        value.ints && places.ints && dims.length === 1 ? places.ints.map((at) => value.ints!.at(at)!) : null;
      const gathered = [...dims.slice(0, axis), ...places.dims, ...dims.slice(axis + 1)];
      if (gathered.length > 8) throw node.refused('a tensor has at most 8 dimensions');
      return [{ type, dims: gathered, ...(chosen ? { ints: chosen } : {}) }];
    },
  },
};

function slice(node: NodeToInfer): Value[] {
  const value = node.input(0, ...any);
  const [starts, ends] = [node.constant(1), node.constant(2)];
  const axes = node.axes(node.has(3) ? node.constant(3) : starts.map((_, at) => at), value.dims.length);
  const steps = node.has(4) ? node.constant(4) : starts.map(() => 1);
  if ([ends, axes, steps].some(({ length }) => length !== starts.length) || steps.some((step) => step < 1))
    throw node.refused('it must say from where to where, forwards, along each axis');
  const dims = [...value.dims];
  axes.forEach((axis, at) => {
    const size = dims[axis]!;
    const placed = (place: number): number => Math.min(Math.max(place < 0 ? place + size : place, 0), size);
    dims[axis] = Math.ceil((placed(ends[at]!) - placed(starts[at]!)) / steps[at]!);
  });
  if (dims.some((size) => size < 1)) throw node.refused('something must be left');
  return [{ type: value.type, dims }];
}
