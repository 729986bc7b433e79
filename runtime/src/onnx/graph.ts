import { LIMITS } from './limits.js';
import { NodeToInfer, OPERATORS, type AttributeKind, type AttributeValue } from './operators/index.js';
import { refused } from './refusal.js';
import type { AttributeMessage, ModelMessage, NodeMessage, ValueInfoMessage } from './schema.js';
import { readTensor } from './tensors.js';
import { TYPES, bytesOf, countOf, type Value } from './values.js';

/** A tensor that a model takes or gives. */
export interface Interface {
  name: string;
  dims: readonly number[];
}

interface Cost {
  largestIntermediateBytes: number;
  work: number;
}

type GraphMessage = NonNullable<ModelMessage['graph']>;

/**
 * Works out every tensor's shape for one window, node by node, and what the model costs. Each value is made once, by a
 * node that stands before those that use it, and all that is there is used.
 *
 * @throws RuntimeError `modelRefused`
 */
export function graphOf(graph: GraphMessage, opset: number): { inputs: Interface[]; outputs: Interface[] } & Cost {
  const scope = new Scope();
  const inputs = (graph.input ?? []).map((info, index) => {
    const given = declared(info, `graph.input[${index}]`);
    scope.add(given.name, { type: TYPES.float, dims: given.dims }, `graph.input[${index}]`);
    return given;
  });
  graph.initializer?.forEach((message, index) => {
    const place = `graph.initializer[${index}]`;
    scope.add(nameIn(message.name, place), readTensor(message, place), place);
  });
  const cost = { largestIntermediateBytes: 0, work: 0, all: 0 };
  const made = new Set<string>();
  const nodes = graph.node ?? [];
  if (nodes.length === 0) throw refused('graph.node', 'a model computes something');
  nodes.forEach((node, index) => {
    const place = `graph.node[${index}]`;
    infer(node, place, opset, scope, cost).forEach(([name, value]) => {
      scope.add(name, value, place);
      made.add(name);
    });
  });
  const outputs = (graph.output ?? []).map((info, index) => {
    const place = `graph.output[${index}]`;
    const given = declared(info, place);
    const value = made.has(given.name) ? scope.use(given.name) : undefined;
    if (!value || value.type !== TYPES.float) throw refused(place, 'a node must compute it, as numbers');
    if (value.dims.join() !== given.dims.join()) throw refused(place, 'it must have the shape that is computed');
    return given;
  });
  hintsOf(graph, scope);
  scope.allUsed(nodes);
  const { all: _, ...told } = cost;
  return { inputs, outputs, ...told };
}

/** The values that are known so far. */
class Scope {
  private readonly values = new Map<string, Value>();
  private readonly used = new Set<string>();

  add(name: string, value: Value, place: string): void {
    if (this.values.has(name)) throw refused(place, 'each name is given once');
    this.values.set(name, value);
  }

  use(name: string): Value | undefined {
    this.used.add(name);
    return this.values.get(name);
  }

  look(name: string): Value | undefined {
    return this.values.get(name);
  }

  /** Nothing is carried along that the answer does not need; of a node with several outputs one must be needed. */
  allUsed(nodes: readonly NodeMessage[]): void {
    const siblings = new Map<string, readonly string[]>();
    for (const { output = [] } of nodes) for (const name of output) siblings.set(name, output);
    for (const name of this.values.keys())
      if (!(siblings.get(name) ?? [name]).some((one) => this.used.has(one)))
        throw refused('graph', 'all that is in it must be used');
  }
}

/** A node's outputs by name. */
function infer(
  message: NodeMessage,
  place: string,
  opset: number,
  scope: Scope,
  cost: Cost & { all: number },
): [string, Value][] {
  const { input = [], output = [], op_type: type = '', domain = '' } = message;
  const operator = domain === '' ? OPERATORS.get(type) : undefined;
  if (!operator || (operator.since ?? 0) > opset) throw refused(`${place}.op_type`, 'the operator must be on the list');
  const here = `${place} (${type})`;
  const [least, most] = operator.inputs;
  if (input.length < least || input.length > most) throw refused(here, `it takes ${least} to ${most} inputs`);
  if (output.length < 1 || output.length > (operator.outputs ?? 1)) throw refused(here, 'it gives fewer outputs');
  const given = input.map((name, index) => {
    if (name === '') return undefined;
    const value = scope.use(name);
    if (!value) throw refused(`${here}.input[${index}]`, 'it must be known before it is used');
    return value;
  });
  const node = new NodeToInfer(
    here,
    opset,
    given,
    attributesOf(message.attribute ?? [], operator.attributes ?? {}, here),
    output.length,
  );
  const values = operator.infer(node);
  if (values.length !== output.length) throw refused(here, 'it gives another number of outputs');
  cost.work += operator.work?.(node, values) ?? countOf(values[0]!.dims);
  if (!(cost.work <= LIMITS.work)) throw refused(here, `up to there, ${LIMITS.work} multiplications are allowed`);
  for (const value of values) {
    const bytes = bytesOf(value);
    if (!(bytes <= LIMITS.intermediateBytes))
      throw refused(here, `its output may have at most ${LIMITS.intermediateBytes} bytes`);
    cost.largestIntermediateBytes = Math.max(cost.largestIntermediateBytes, bytes);
    cost.all += bytes;
  }
  if (cost.all > LIMITS.allIntermediatesBytes)
    throw refused(here, `up to there, ${LIMITS.allIntermediatesBytes} bytes are allowed`);
  return output.flatMap((name, index): [string, Value][] => (name === '' ? [] : [[name, values[index]!]]));
}

/** AttributeProto.AttributeType, and where each keeps its value. */
const ATTRIBUTES: Readonly<Record<AttributeKind, { type: number; field: keyof AttributeMessage }>> = {
  float: { type: 1, field: 'f' },
  int: { type: 2, field: 'i' },
  text: { type: 3, field: 's' },
  tensor: { type: 4, field: 't' },
  floats: { type: 6, field: 'floats' },
  ints: { type: 7, field: 'ints' },
};
const FIELDS = Object.values(ATTRIBUTES).map(({ field }) => field);

function attributesOf(
  messages: readonly AttributeMessage[],
  allowed: Readonly<Record<string, AttributeKind>>,
  place: string,
): Map<string, AttributeValue> {
  const attributes = new Map<string, AttributeValue>();
  messages.forEach((message, index) => {
    const here = `${place}.attribute[${index}]`;
    const { name = '' } = message;
    if (!Object.hasOwn(allowed, name) || attributes.has(name))
      throw refused(here, 'the operator must have it, and it is given once');
    const { type, field } = ATTRIBUTES[allowed[name]!];
    if (message.type !== type || FIELDS.some((other) => other !== field && message[other] !== undefined))
      throw refused(here, 'it must be of the type that the operator gives it');
    const missing = field === 'ints' || field === 'floats' ? [] : undefined;
    const value = message[field] ?? missing;
    if (value === undefined) throw refused(here, 'it must have a value');
    attributes.set(name, field === 't' ? readTensor(message.t!, here) : (value as AttributeValue));
  });
  return attributes;
}

/** A declared tensor of numbers; a batch without a size is one window. */
function declared({ name, type }: ValueInfoMessage, place: string): Interface {
  const tensor = type?.tensor_type;
  if (tensor?.elem_type !== TYPES.float || !tensor.shape?.dim) throw refused(`${place}.type`, 'it must be of float32');
  const dims = tensor.shape.dim.map(({ dim_value: size, dim_param: free }, at) => {
    if (at === 0 && size === undefined) return 1;
    if (size === undefined || free !== undefined || size < 1) throw refused(`${place}.type`, 'its sizes must be given');
    return size;
  });
  if (dims[0] !== 1) throw refused(`${place}.type`, 'a batch is one window, or has no size');
  return { name: nameIn(name, place), dims };
}

/** What a model says of its values on the way must be so: ONNX Runtime believes it. */
function hintsOf({ value_info: hints = [] }: GraphMessage, scope: Scope): void {
  const seen = new Set<string>();
  hints.forEach(({ name = '', type }, index) => {
    const place = `graph.value_info[${index}]`;
    const value = scope.look(name);
    if (!value || seen.has(name)) throw refused(place, 'it must be of one of the values, and given once');
    seen.add(name);
    const tensor = type?.tensor_type;
    if (tensor?.elem_type !== value.type) throw refused(place, 'it must be of the type that is computed');
    const dims = tensor.shape?.dim;
    if (!dims) return;
    const fits = dims.every(({ dim_value: size }, at) => size === undefined || size === value.dims[at]);
    if (dims.length !== value.dims.length || !fits) throw refused(place, 'it must have the shape that is computed');
  });
}

function nameIn(name: string | undefined, place: string): string {
  if (name === undefined || name === '') throw refused(place, 'it must have a name');
  return name;
}
