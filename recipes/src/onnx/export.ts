import { RecipeError } from '../errors.js';
import type { Tf } from '../layers.js';
import { CONVERTERS, type LayerContext } from './converters.js';
import { Graph, type Value } from './graph.js';
import {
  DATA,
  IR_VERSION,
  OPSET,
  decodeModel,
  encodeModel,
  type ModelProto,
  type TensorProto,
  type ValueInfoProto,
} from './proto.js';

export interface ExportOptions {
  /** Names of the graph's input and output. */
  input: string;
  output: string;
  metadata: Record<string, string>;
}

/**
 * Writes a functional LayersModel with one input and one output as an ONNX model (opset 17, IR version 8), layer by
 * layer. The same weights give the same bytes.
 *
 * @throws RecipeError `unknownLayer` naming the layer and its class
 */
export function exportOnnx(model: Tf.LayersModel, options: ExportOptions): Uint8Array {
  const graph = new Graph();
  const values = new Map<string, Value>();
  const input = model.inputs[0]!;
  values.set(input.sourceLayer.name, { shape: (input.shape as number[]).slice(1), channelsLast: options.input });
  for (const layer of model.layers) {
    const kind = layer.getClassName();
    if (kind === 'InputLayer') continue;
    const config = layer.getConfig() as Record<string, unknown>;
    const convert = CONVERTERS[kind];
    const sources = [layer.input].flat().map((tensor) => values.get(tensor.sourceLayer.name)!);
    try {
      if (!convert) throw new Error('no converter');
      values.set(layer.name, convert(context(graph, layer, config, sources)));
    } catch (cause) {
      throw new RecipeError(
        'unknownLayer',
        { layer: layer.name, kind, why: (cause as Error).message },
        `Layer ${layer.name} (${kind}: ${(cause as Error).message}) has no ONNX form here; use one of ` +
          `${Object.keys(CONVERTERS).join(', ')}.`,
        { cause },
      );
    }
  }
  const result = values.get(model.outputs[0]!.sourceLayer.name)!;
  graph.nodes.push({
    name: options.output,
    opType: 'Identity',
    input: [graph.channelsLast(result, options.output)],
    output: [options.output],
    attribute: [],
  });
  return encodeModel({
    irVersion: IR_VERSION,
    producerName: 'livepod',
    producerVersion: '1',
    graph: {
      name: model.name,
      node: graph.nodes,
      initializer: graph.initializers,
      input: [valueInfo(options.input, values.get(input.sourceLayer.name)!.shape)],
      output: [valueInfo(options.output, result.shape)],
    },
    opsetImport: [{ domain: '', version: OPSET }],
    metadataProps: Object.entries(options.metadata)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => ({ key, value })),
  });
}

function context(graph: Graph, layer: Tf.layers.Layer, config: Record<string, unknown>, inputs: Value[]): LayerContext {
  const weight = (short: string) => {
    const found = layer.weights.find((candidate) => candidate.originalName === `${layer.name}/${short}`);
    if (!found) throw new Error(`no weight ${short}`);
    const tensor = found.read();
    return { name: found.originalName, dims: tensor.shape as number[], data: Float32Array.from(tensor.dataSync()) };
  };
  const initializer = (short: string) => {
    const { name, dims, data } = weight(short);
    return dims.length === 3
      ? graph.floats(name, dims.toReversed(), reversed(data, dims))
      : graph.floats(name, dims, data);
  };
  return { graph, name: layer.name, config, inputs, weight, initializer };
}

/**
 * A convolution kernel is [time, in, out] in TensorFlow and [out, in, time] in ONNX; the same function goes both ways.
 */
function reversed(data: Float32Array, [a, b, c]: number[]): Float32Array {
  const out = new Float32Array(data.length);
  for (let i = 0; i < a!; i++)
    for (let j = 0; j < b!; j++) for (let k = 0; k < c!; k++) out[(k * b! + j) * a! + i] = data[(i * b! + j) * c! + k]!;
  return out;
}

function valueInfo(name: string, shape: number[]): ValueInfoProto {
  return {
    name,
    type: {
      tensorType: {
        elemType: DATA.float,
        shape: { dim: [{ dimParam: 'batch' }, ...shape.map((dimValue) => ({ dimValue }))] },
      },
    },
  };
}

/** @throws RecipeError `badModel` */
export function readModel(bytes: Uint8Array): ModelProto {
  try {
    const model = decodeModel(bytes);
    if (model.graph.node.length === 0) throw new Error('no nodes');
    return model;
  } catch (cause) {
    throw new RecipeError(
      'badModel',
      { bytes: bytes.length, why: (cause as Error).message },
      `These ${bytes.length} bytes are no ONNX model; fetch the checkpoint again.`,
      { cause },
    );
  }
}

export function readMetadata(bytes: Uint8Array): Record<string, string> {
  return Object.fromEntries(readModel(bytes).metadataProps.map(({ key, value }) => [key, value]));
}

/**
 * Puts the weights of our own export back into a model of the same build.
 * @throws RecipeError `badModel` · `baseMismatch` naming the first weight that is missing or has another shape
 */
export function readWeights(tf: typeof Tf, model: Tf.LayersModel, bytes: Uint8Array): void {
  const tensors = new Map<string, TensorProto>(
    readModel(bytes).graph.initializer.map((tensor) => [tensor.name, tensor]),
  );
  for (const weight of model.weights) {
    const tensor = tensors.get(weight.originalName);
    const shape = weight.shape as number[];
    const dims = shape.length === 3 ? shape.toReversed() : shape;
    if (!tensor || tensor.dims.join() !== dims.join()) {
      throw new RecipeError(
        'baseMismatch',
        { weight: weight.originalName, expected: dims, found: tensor?.dims ?? null },
        `The base checkpoint has no weight ${weight.originalName} of shape ${dims.join('×')}; start from a ` +
          'checkpoint of this recipe with the same channels, labels and size, or from none.',
      );
    }
    const data = new Float32Array(tensor.rawData.slice().buffer);
    tf.tidy(() => {
      weight.write(tf.tensor(dims.length === 3 ? reversed(data, dims) : data, shape));
    });
  }
}
