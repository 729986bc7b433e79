import { LENGTH_FLOOR, POWER_FLOOR, spatial, spectrumKernel } from '../layers.js';
import type { Graph, Value } from './graph.js';

/** What a converter is given: the layer, its weights by short name, and the values that flow into it. */
export interface LayerContext {
  graph: Graph;
  name: string;
  config: Record<string, unknown>;
  inputs: Value[];
  weight(name: string): { name: string; dims: number[]; data: Float32Array };
  /** Adds a weight as an initialiser under TensorFlow's own name for it, by which `readWeights` finds it again. */
  initializer(name: string): string;
}

export type Converter = (layer: LayerContext) => Value;

/** Every layer the exporter knows, by class name. A layer that is not here stops the export. */
export const CONVERTERS: Record<string, Converter> = {
  Conv1D: (layer) => activate(conv1d(layer), layer),
  Dense: (layer) => activate(dense(layer), layer),
  BatchNormalization: batchNormalization,
  ReLU: (layer) => layer.graph.elementwise('Relu', layer.name, layer.inputs[0]!),
  Activation: (layer) => activate(layer.inputs[0]!, layer),
  Softmax: (layer) => softmax(layer.inputs[0]!, layer),
  Dropout: (layer) => layer.inputs[0]!,
  SeededDropout: (layer) => layer.inputs[0]!,
  Flatten: flatten,
  Add: (layer) => merge('Add', layer),
  Concatenate: concatenate,
  MaxPooling1D: (layer) => pool('MaxPool', layer),
  AveragePooling1D: (layer) => pool('AveragePool', layer),
  GlobalAveragePooling1D: (layer) => reduceTime('ReduceMean', layer),
  GlobalMaxPooling1D: (layer) => reduceTime('ReduceMax', layer),
  RepeatVector: repeatVector,
  GravityFrame: gravityFrame,
  Standardise: standardise,
  LogSpectrum: logSpectrum,
  DilatedConv: dilatedConv,
  Middle: middle,
};

/** TensorFlow's "same": the surplus pad goes to the end. */
function samePads(time: number, kernel: number, stride: number, dilation = 1): [number, number] {
  const reach = (kernel - 1) * dilation + 1;
  const total = Math.max((Math.ceil(time / stride) - 1) * stride + reach - time, 0);
  return [Math.floor(total / 2), total - Math.floor(total / 2)];
}

function conv1d(layer: LayerContext): Value {
  const { graph, name, config, inputs } = layer;
  const [time] = inputs[0]!.shape as [number, number];
  const [kernel] = config['kernelSize'] as [number];
  const [stride] = config['strides'] as [number];
  const dilation = ([] as number[]).concat((config['dilationRate'] ?? 1) as number | number[])[0]!;
  if (config['padding'] !== 'same' && config['padding'] !== 'valid')
    throw new Error(`padding ${String(config['padding'])}`);
  const pads = config['padding'] === 'same' ? samePads(time, kernel, stride, dilation) : ([0, 0] as [number, number]);
  const { dims } = layer.weight('kernel');
  const input = [graph.timeLast(inputs[0]!, name), layer.initializer('kernel')];
  if (config['useBias']) input.push(layer.initializer('bias'));
  const output = graph.node('Conv', name, input, {
    kernel_shape: [kernel],
    strides: [stride],
    dilations: [dilation],
    pads,
  });
  const length = Math.floor((time + pads[0] + pads[1] - (kernel - 1) * dilation - 1) / stride) + 1;
  return { shape: [length, dims[2]!], timeLast: output };
}

function dense(layer: LayerContext): Value {
  const { graph, name, config, inputs } = layer;
  if (inputs[0]!.shape.length !== 1) throw new Error('a dense layer on a sequence');
  const input = [inputs[0]!.channelsLast!, layer.initializer('kernel')];
  if (config['useBias']) input.push(layer.initializer('bias'));
  return { shape: [layer.weight('kernel').dims[1]!], channelsLast: graph.node('Gemm', name, input) };
}

function batchNormalization(layer: LayerContext): Value {
  const { graph, name, config, inputs } = layer;
  const value = inputs[0]!;
  const flat = value.shape.length === 1;
  const input = [
    flat ? value.channelsLast! : graph.timeLast(value, name),
    ...['gamma', 'beta', 'moving_mean', 'moving_variance'].map((weight) => layer.initializer(weight)),
  ];
  const output = graph.node('BatchNormalization', name, input, { epsilon: { float: config['epsilon'] as number } });
  return flat ? { shape: value.shape, channelsLast: output } : { shape: value.shape, timeLast: output };
}

function activate(value: Value, layer: LayerContext): Value {
  const activation = (layer.config['activation'] ?? 'linear') as string;
  if (activation === 'linear') return value;
  if (activation === 'softmax') return softmax(value, layer);
  const operator = ({ relu: 'Relu', tanh: 'Tanh', sigmoid: 'Sigmoid', elu: 'Elu' } as Record<string, string>)[
    activation
  ];
  if (!operator) throw new Error(`activation ${activation}`);
  return layer.graph.elementwise(operator, layer.name, value);
}

function softmax(value: Value, { graph, name }: LayerContext): Value {
  return {
    shape: value.shape,
    channelsLast: graph.node('Softmax', name, [graph.channelsLast(value, name)], { axis: -1 }),
  };
}

function flatten({ graph, name, inputs }: LayerContext): Value {
  const value = inputs[0]!;
  return {
    shape: [value.shape.reduce((a, b) => a * b, 1)],
    channelsLast: graph.node('Flatten', name, [graph.channelsLast(value, name)], { axis: 1 }),
  };
}

function merge(operator: string, { graph, name, inputs }: LayerContext): Value {
  const timeLast = inputs[0]!.timeLast !== undefined;
  const names = inputs.map((value) => (timeLast ? graph.timeLast(value, name) : graph.channelsLast(value, name)));
  const output = names.reduce((sum, next) => graph.node(operator, name, [sum, next]));
  return { shape: inputs[0]!.shape, [timeLast ? 'timeLast' : 'channelsLast']: output };
}

function concatenate({ graph, name, inputs, config }: LayerContext): Value {
  const last = inputs[0]!.shape.length;
  if (config['axis'] !== -1 && config['axis'] !== last)
    throw new Error(`concatenation along axis ${String(config['axis'])}`);
  const names = inputs.map((value) => graph.channelsLast(value, name));
  const shape = [...inputs[0]!.shape.slice(0, -1), inputs.reduce((sum, value) => sum + value.shape.at(-1)!, 0)];
  return { shape, channelsLast: graph.node('Concat', name, names, { axis: last }) };
}

function pool(operator: 'MaxPool' | 'AveragePool', { graph, name, config, inputs }: LayerContext): Value {
  const [time, channels] = inputs[0]!.shape as [number, number];
  const [size] = config['poolSize'] as [number];
  const [stride] = config['strides'] as [number];
  const pads = config['padding'] === 'same' ? samePads(time, size, stride) : ([0, 0] as [number, number]);
  const output = graph.node(operator, name, [graph.timeLast(inputs[0]!, name)], {
    kernel_shape: [size],
    strides: [stride],
    pads,
  });
  return { shape: [Math.floor((time + pads[0] + pads[1] - size) / stride) + 1, channels], timeLast: output };
}

function reduceTime(operator: string, { graph, name, inputs }: LayerContext): Value {
  const value = inputs[0]!;
  const timeLast = value.timeLast !== undefined;
  const input = timeLast ? value.timeLast! : value.channelsLast!;
  return {
    shape: [value.shape[1]!],
    channelsLast: graph.node(operator, name, [input], { axes: [timeLast ? 2 : 1], keepdims: 0 }),
  };
}

function repeatVector({ graph, name, config, inputs }: LayerContext): Value {
  const times = config['n'] as number;
  const row = graph.node('Unsqueeze', name, [inputs[0]!.channelsLast!, graph.integers(`${name}/axis`, [1])]);
  return {
    shape: [times, inputs[0]!.shape[0]!],
    channelsLast: graph.node('Tile', name, [row, graph.integers(`${name}/times`, [1, times, 1])]),
  };
}

/** As products of matrices, since that is the least work: what is along gravity, and what a projection leaves of it. */
function gravityFrame({ graph, name, config, inputs }: LayerContext): Value {
  const value = inputs[0]!;
  const input = graph.channelsLast(value, name);
  const sensors = spatial(config['sensors'] as number[][]);
  if (sensors.length === 0) return value;
  const axis = graph.integers(`${name}/axis`, [2]);
  const floor = graph.floats(`${name}/floor`, [1], Float32Array.of(LENGTH_FLOOR));
  const node = (operator: string, ...operands: string[]) => graph.node(operator, name, operands);
  const length = (of: string) => {
    const square = graph.node('ReduceSumSquare', name, [of], { axes: [2], keepdims: 1 });
    return node('Sqrt', node('Add', square, floor));
  };
  const slices = sensors.map((axes, at) =>
    node(
      'Slice',
      input,
      graph.integers(`${name}/from_${at}`, [axes[0]!]),
      graph.integers(`${name}/to_${at}`, [axes[0]! + 3]),
      axis,
    ),
  );
  const rest = graph.node('ReduceMean', name, [slices[0]!], { axes: [1], keepdims: 1 });
  const down = node('Div', rest, length(rest));
  const upright = graph.node('Transpose', name, [down], { perm: [0, 2, 1] });
  const level = node(
    'Sub',
    graph.floats(`${name}/identity`, [1, 3, 3], Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1)),
    node('Mul', upright, down),
  );
  const derived = slices.flatMap((sensor) => [
    length(sensor),
    node('MatMul', sensor, upright),
    length(node('MatMul', sensor, level)),
  ]);
  return {
    shape: [value.shape[0]!, value.shape[1]! + derived.length],
    channelsLast: graph.node('Concat', name, [input, ...derived], { axis: 2 }),
  };
}

function standardise(layer: LayerContext): Value {
  const { graph, name, inputs } = layer;
  const centred = graph.node('Sub', name, [graph.channelsLast(inputs[0]!, name), layer.initializer('mean')]);
  return { shape: inputs[0]!.shape, channelsLast: graph.node('Mul', name, [centred, layer.initializer('scale')]) };
}

function logSpectrum({ graph, name, config, inputs }: LayerContext): Value {
  const [size, channels] = inputs[0]!.shape as [number, number];
  const bins = config['bins'] as number;
  const input = graph.timeLast(inputs[0]!, name);
  const moving = graph.node('Sub', name, [input, graph.node('ReduceMean', name, [input], { axes: [2], keepdims: 1 })]);
  const kernel = graph.floats(`${name}/kernel`, [size, 2 * bins], spectrumKernel(size, bins));
  const waves = graph.node('MatMul', name, [moving, kernel]);
  const squares = graph.node('Mul', name, [waves, waves]);
  const axis = graph.integers(`${name}/axis`, [2]);
  const [zero, middle, end] = [0, bins, 2 * bins].map((at) => graph.integers(`${name}/at_${at}`, [at])) as [
    string,
    string,
    string,
  ];
  const power = graph.node('Add', name, [
    graph.node('Slice', name, [squares, zero, middle, axis]),
    graph.node('Slice', name, [squares, middle, end, axis]),
  ]);
  const floor = graph.floats(`${name}/floor`, [1], Float32Array.of(POWER_FLOOR));
  const log = graph.node('Log', name, [graph.node('Add', name, [power, floor])]);
  return { shape: [channels * bins], channelsLast: graph.node('Flatten', name, [log], { axis: 1 }) };
}

function dilatedConv(layer: LayerContext): Value {
  const { graph, name, config, inputs } = layer;
  const dilation = config['dilation'] as number;
  const kernel = config['kernelSize'] as number;
  const [time] = inputs[0]!.shape as [number, number];
  const reach = dilation * Math.floor((kernel - 1) / 2);
  const output = graph.node('Conv', name, [graph.timeLast(inputs[0]!, name), layer.initializer('kernel')], {
    kernel_shape: [kernel],
    strides: [1],
    dilations: [dilation],
    pads: [reach, dilation * (kernel - 1) - reach],
  });
  return { shape: [time, config['filters'] as number], timeLast: output };
}

function middle({ graph, name, config, inputs }: LayerContext): Value {
  const value = inputs[0]!;
  const timeLast = value.timeLast !== undefined;
  const from = config['from'] as number;
  const size = config['size'] as number;
  const output = graph.node('Slice', name, [
    timeLast ? value.timeLast! : value.channelsLast!,
    graph.integers(`${name}/from`, [from]),
    graph.integers(`${name}/to`, [from + size]),
    graph.integers(`${name}/axis`, [timeLast ? 2 : 1]),
  ]);
  return { shape: [size, value.shape[1]!], [timeLast ? 'timeLast' : 'channelsLast']: output };
}
