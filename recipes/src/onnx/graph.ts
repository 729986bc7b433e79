import { ATTRIBUTE, DATA, type AttributeProto, type NodeProto, type TensorProto } from './proto.js';

/**
 * A value of the graph under construction. `shape` leaves out the batch; a sequence is [time, channels] in TensorFlow's
 * order.
 */
export interface Value {
  shape: number[];
  /** The name of the tensor with channels last, and of the one with time last, as far as they were needed. */
  channelsLast?: string;
  timeLast?: string;
}

type AttributeValue = number | number[] | string | { float: number };

/** Collects nodes and initialisers. Layouts are converted only where an operator needs the other one. */
export class Graph {
  readonly nodes: NodeProto[] = [];
  readonly initializers: TensorProto[] = [];
  private names = new Map<string, number>();

  name(base: string): string {
    const taken = this.names.get(base) ?? 0;
    this.names.set(base, taken + 1);
    return taken === 0 ? base : `${base}_${taken}`;
  }

  /** Adds a node with one output and returns the output's name. */
  node(opType: string, scope: string, input: string[], attributes: Record<string, AttributeValue> = {}): string {
    const name = this.name(`${scope}/${opType}`);
    this.nodes.push({
      name,
      opType,
      input,
      output: [name],
      attribute: Object.entries(attributes).map(([key, value]) => attribute(key, value)),
    });
    return name;
  }

  floats(name: string, dims: number[], data: Float32Array): string {
    this.initializers.push({ name: this.name(name), dims, dataType: DATA.float, rawData: littleEndian(data) });
    return name;
  }

  integers(name: string, data: number[]): string {
    const raw = new DataView(new ArrayBuffer(data.length * 8));
    data.forEach((value, at) => raw.setBigInt64(at * 8, BigInt(value), true));
    const unique = this.name(name);
    this.initializers.push({
      name: unique,
      dims: [data.length],
      dataType: DATA.int64,
      rawData: new Uint8Array(raw.buffer),
    });
    return unique;
  }

  channelsLast(value: Value, scope: string): string {
    return (value.channelsLast ??= this.node('Transpose', scope, [value.timeLast!], { perm: [0, 2, 1] }));
  }

  timeLast(value: Value, scope: string): string {
    return (value.timeLast ??= this.node('Transpose', scope, [value.channelsLast!], { perm: [0, 2, 1] }));
  }

  /** Applies an operator that does not mind the layout in whichever layout the value already has. */
  elementwise(opType: string, scope: string, value: Value, attributes: Record<string, AttributeValue> = {}): Value {
    const layout = value.timeLast === undefined ? 'channelsLast' : 'timeLast';
    return { shape: value.shape, [layout]: this.node(opType, scope, [value[layout]!], attributes) };
  }
}

function attribute(name: string, value: AttributeValue): AttributeProto {
  if (typeof value === 'string') return { name, type: ATTRIBUTE.string, s: new TextEncoder().encode(value) };
  if (Array.isArray(value)) return { name, type: ATTRIBUTE.ints, ints: value };
  if (typeof value === 'object') return { name, type: ATTRIBUTE.float, f: value.float };
  return { name, type: ATTRIBUTE.int, i: value };
}

/**
 * ONNX raw_data is little endian, and so is every machine Node runs on; the copy detaches it from TensorFlow's memory.
 */
function littleEndian(data: Float32Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
}
