import { LIMITS } from './limits.js';
import type { Kind, Schema } from './wire.js';

/**
 * onnx.proto (ONNX 1.12 to 1.16), as far as a model may use it. What is missing is refused: subgraphs (`g`, `graphs`),
 * functions, training information, external data, sparse tensors, quantisation notes, types other than tensors.
 */
const int: Kind = { of: 'int' };
const float: Kind = { of: 'float' };
const name: Kind = { of: 'text', max: LIMITS.nameBytes };
const note: Kind = { of: 'text', max: LIMITS.noteBytes, any: true };
const many = (kind: Kind, repeated: number): Kind => ({ ...kind, repeated });
const nested = (message: () => Schema, repeated?: number): Kind =>
  repeated === undefined ? { of: 'message', message } : { of: 'message', message, repeated };

const dimension: Schema = { 1: { name: 'dim_value', kind: int }, 2: { name: 'dim_param', kind: name } };
const shape: Schema = { 1: { name: 'dim', kind: nested(() => dimension, LIMITS.rank) } };
const tensorType: Schema = {
  1: { name: 'elem_type', kind: int },
  2: { name: 'shape', kind: nested(() => shape) },
};
const type: Schema = { 1: { name: 'tensor_type', kind: nested(() => tensorType) } };
const valueInfo: Schema = {
  1: { name: 'name', kind: name },
  2: { name: 'type', kind: nested(() => type) },
  3: { name: 'doc_string', kind: note },
};
const tensor: Schema = {
  1: { name: 'dims', kind: many(int, LIMITS.rank) },
  2: { name: 'data_type', kind: int },
  4: { name: 'float_data', kind: many(float, LIMITS.listed) },
  7: { name: 'int64_data', kind: many(int, LIMITS.listed) },
  8: { name: 'name', kind: name },
  9: { name: 'raw_data', kind: { of: 'bytes', max: LIMITS.modelBytes } },
  12: { name: 'doc_string', kind: note },
};
const attribute: Schema = {
  1: { name: 'name', kind: name },
  2: { name: 'f', kind: float },
  3: { name: 'i', kind: int },
  4: { name: 's', kind: name },
  5: { name: 't', kind: nested(() => tensor) },
  7: { name: 'floats', kind: many(float, LIMITS.listed) },
  8: { name: 'ints', kind: many(int, LIMITS.listed) },
  13: { name: 'doc_string', kind: note },
  20: { name: 'type', kind: int },
};
const node: Schema = {
  1: { name: 'input', kind: many(name, LIMITS.operands) },
  2: { name: 'output', kind: many(name, LIMITS.operands) },
  3: { name: 'name', kind: name },
  4: { name: 'op_type', kind: name },
  5: { name: 'attribute', kind: nested(() => attribute, LIMITS.attributes) },
  6: { name: 'doc_string', kind: note },
  7: { name: 'domain', kind: name },
};
const graph: Schema = {
  1: { name: 'node', kind: nested(() => node, LIMITS.nodes) },
  2: { name: 'name', kind: name },
  5: { name: 'initializer', kind: nested(() => tensor, LIMITS.initializers) },
  10: { name: 'doc_string', kind: note },
  11: { name: 'input', kind: nested(() => valueInfo, LIMITS.interface) },
  12: { name: 'output', kind: nested(() => valueInfo, LIMITS.interface) },
  13: { name: 'value_info', kind: nested(() => valueInfo, LIMITS.nodes) },
};
const operatorSet: Schema = { 1: { name: 'domain', kind: name }, 2: { name: 'version', kind: int } };
const entry: Schema = {
  1: { name: 'key', kind: name },
  2: { name: 'value', kind: { of: 'text', max: LIMITS.metadataBytes, any: true } },
};

export const MODEL: Schema = {
  1: { name: 'ir_version', kind: int },
  2: { name: 'producer_name', kind: name },
  3: { name: 'producer_version', kind: name },
  4: { name: 'domain', kind: name },
  5: { name: 'model_version', kind: int },
  6: { name: 'doc_string', kind: note },
  7: { name: 'graph', kind: nested(() => graph) },
  8: { name: 'opset_import', kind: nested(() => operatorSet, 1) },
  14: { name: 'metadata_props', kind: nested(() => entry, LIMITS.metadata) },
};

export interface TensorMessage {
  dims?: number[];
  data_type?: number;
  float_data?: number[];
  int64_data?: number[];
  name?: string;
  raw_data?: Uint8Array;
}
export interface ValueInfoMessage {
  name?: string;
  type?: { tensor_type?: { elem_type?: number; shape?: { dim?: { dim_value?: number; dim_param?: string }[] } } };
}
export interface AttributeMessage {
  name?: string;
  type?: number;
  f?: number;
  i?: number;
  s?: string;
  t?: TensorMessage;
  floats?: number[];
  ints?: number[];
}
export interface NodeMessage {
  input?: string[];
  output?: string[];
  op_type?: string;
  domain?: string;
  attribute?: AttributeMessage[];
}
export interface ModelMessage {
  ir_version?: number;
  graph?: {
    node?: NodeMessage[];
    initializer?: TensorMessage[];
    input?: ValueInfoMessage[];
    output?: ValueInfoMessage[];
    value_info?: ValueInfoMessage[];
  };
  opset_import?: { domain?: string; version?: number }[];
  metadata_props?: { key?: string; value?: string }[];
}
