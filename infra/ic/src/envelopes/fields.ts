import { malformed } from './errors.js';

/** Typed reading of decoded CBOR maps. Each reader throws an `EnvelopeError` that names the field. */
export type Fields = Map<string, unknown>;

export function map(value: unknown, name: string): Fields {
  if (!(value instanceof Map) || [...value.keys()].some((key) => typeof key !== 'string'))
    throw malformed(`${name} must be a map with text keys.`);
  return value as Fields;
}

export function bytes(fields: Fields, name: string, most?: number): Uint8Array {
  const value = optionalBytes(fields, name, most);
  if (value === undefined) throw malformed(`the field ${name} is missing.`);
  return value;
}

export function optionalBytes(fields: Fields, name: string, most = Infinity): Uint8Array | undefined {
  const value = fields.get(name);
  if (value === undefined) return undefined;
  if (!(value instanceof Uint8Array)) throw malformed(`the field ${name} must be a byte string.`);
  if (value.length > most) throw malformed(`the field ${name} has ${value.length} bytes, at most ${most} are allowed.`);
  return value;
}

export function text(fields: Fields, name: string): string {
  const value = fields.get(name);
  if (typeof value !== 'string') throw malformed(`the field ${name} must be text.`);
  return value;
}

/** A natural number below 2^64. */
export function nat64(fields: Fields, name: string): bigint {
  const value = fields.get(name);
  if ((typeof value !== 'number' && typeof value !== 'bigint') || value < 0)
    throw malformed(`the field ${name} must be a natural number.`);
  return BigInt(value);
}

export function array(value: unknown, name: string, most: number): unknown[] {
  if (!Array.isArray(value)) throw malformed(`${name} must be an array.`);
  if (value.length > most) throw malformed(`${name} has ${value.length} entries, at most ${most} are allowed.`);
  return value;
}

export function blobs(value: unknown, name: string, most: number): Uint8Array[] {
  const list = array(value, name, most);
  if (!list.every((one) => one instanceof Uint8Array)) throw malformed(`${name} must hold byte strings.`);
  return list as Uint8Array[];
}
