import type { RuntimeError } from '../errors.js';
import { refused } from './refusal.js';

/**
 * Protocol Buffers' wire format (protobuf.dev/programming-guides/encoding), as far as ONNX uses it and stricter: a
 * field that is not listed, one that comes twice, a number with more bytes than it needs, and bytes that are left over
 * are refused. So the bytes say one thing only, whoever reads them.
 */
export type Kind =
  | { of: 'int'; repeated?: number }
  | { of: 'float'; repeated?: number }
  /** At most `max` bytes of printable ASCII, or of any UTF-8. */
  | { of: 'text'; max: number; any?: true; repeated?: number }
  /** A view into the file. */
  | { of: 'bytes'; max: number; repeated?: number }
  | { of: 'message'; message: () => Schema; repeated?: number };

/** A message's fields by their number. Schemas contain no cycle: that bounds how deep the reader goes. */
export type Schema = Readonly<Record<number, { name: string; kind: Kind }>>;

export type Message = Record<string, unknown>;

const VARINT = 0;
const LENGTH = 2;
const FIXED32 = 5;

/** @throws RuntimeError `modelRefused` */
export function readMessage(bytes: Uint8Array, schema: Schema): Message {
  return new Reader(bytes).message(schema, bytes.length);
}

class Reader {
  private readonly view: DataView;
  private readonly buffer: Buffer;
  private at = 0;
  /** Where it is: the fields by name, and of repeated ones the number; put into words only for a refusal. */
  private readonly place: (string | number)[] = [];

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  message(schema: Schema, to: number): Message {
    const message: Message = {};
    while (this.at < to) {
      const key = this.varint(to);
      const field = key < 2 ** 32 ? schema[Math.floor(key / 8)] : undefined;
      if (!field) throw this.refused('it may only have the fields that are listed');
      const { name, kind } = field;
      this.place.push(name);
      if (kind.repeated === undefined) {
        if (message[name] !== undefined) throw this.refused('it may be given once');
        message[name] = this.value(kind, key % 8, to);
      } else {
        const values = (message[name] ??= []) as unknown[];
        this.place.push(values.length);
        this.append(values, kind, key % 8, to);
        if (values.length > kind.repeated) throw this.refused(`at most ${kind.repeated} are allowed`);
        this.place.pop();
      }
      this.place.pop();
    }
    return message;
  }

  /** One more of a repeated field, or, of numbers, many at once. */
  private append(values: unknown[], kind: Kind, wire: number, to: number): void {
    const isNumber = kind.of === 'int' || kind.of === 'float';
    if (!isNumber || wire !== LENGTH) {
      values.push(this.value(kind, wire, to));
      return;
    }
    const end = this.end(to);
    while (this.at < end) {
      values.push(kind.of === 'int' ? this.integer(end) : this.float(end));
      if (values.length > kind.repeated!) throw this.refused(`at most ${kind.repeated} are allowed`);
    }
  }

  private value(kind: Kind, wire: number, to: number): unknown {
    const expected = kind.of === 'int' ? VARINT : kind.of === 'float' ? FIXED32 : LENGTH;
    if (wire !== expected) throw this.refused('it must be of the type that ONNX gives it');
    if (kind.of === 'int') return this.integer(to);
    if (kind.of === 'float') return this.float(to);
    const end = this.end(to);
    if (kind.of === 'message') return this.message(kind.message(), end);
    const start = this.at;
    if (end - start > kind.max) throw this.refused(`at most ${kind.max} bytes are allowed`);
    this.at = end;
    if (kind.of === 'bytes') return this.bytes.subarray(start, end);
    return kind.any ? this.anyText(start, end) : this.text(start, end);
  }

  /** Where a field of this many bytes ends. */
  private end(to: number): number {
    const length = this.varint(to);
    if (length > to - this.at) throw this.refused('it may not reach beyond what contains it');
    return this.at + length;
  }

  private text(from: number, to: number): string {
    for (let at = from; at < to; at += 1) {
      const code = this.bytes[at]!;
      if (code < 0x20 || code > 0x7e) throw this.refused('it must be printable ASCII');
    }
    return this.buffer.toString('latin1', from, to);
  }

  private anyText(from: number, to: number): string {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.bytes.subarray(from, to));
    } catch {
      throw this.refused('it must be UTF-8');
    }
  }

  private float(to: number): number {
    if (to - this.at < 4) throw this.refused('it must be whole');
    this.at += 4;
    return this.view.getFloat32(this.at - 4, true);
  }

  /** A signed number; what no number of JavaScript is exact for becomes the nearest that is. */
  private integer(to: number): number {
    const from = this.at;
    const value = this.varint(to);
    if (this.at - from < 8) return value;
    let exact = 0n;
    for (let at = this.at - 1; at >= from; at -= 1) exact = exact * 128n + BigInt(this.bytes[at]! & 0x7f);
    return clamped(BigInt.asIntN(64, exact));
  }

  /** An unsigned number of at most 64 bits, in as few bytes as it needs. */
  private varint(to: number): number {
    let value = 0;
    let scale = 1;
    for (let count = 1; count <= 10; count += 1) {
      if (this.at >= to) throw this.refused('it must be whole');
      const byte = this.bytes[this.at++]!;
      value += (byte & 0x7f) * scale;
      scale *= 128;
      if (byte >= 0x80) continue;
      if (count > 1 && byte === 0) throw this.refused('a number takes as few bytes as it needs');
      if (count === 10 && byte > 1) break;
      return value;
    }
    throw this.refused('a number has at most 64 bits');
  }

  private refused(allowed: string): RuntimeError {
    const place = this.place.map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`)).join('');
    return refused(place.slice(1) || 'the file', allowed);
  }
}

const FARTHEST = 2n ** 53n - 1n;
/** As a number that is exact: sizes and places are far smaller, and what is farther means "to the end". */
export const clamped = (value: bigint): number =>
  Number(value > FARTHEST ? FARTHEST : value < -FARTHEST ? -FARTHEST : value);
