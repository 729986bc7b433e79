import { LIMITS } from './limits.js';
import { refused } from './refusal.js';
import type { TensorMessage } from './schema.js';
import { TYPES, bytesOf, countOf, isElementType, type Value } from './values.js';
import { clamped } from './wire.js';

/**
 * A tensor of the file: it has one kind of contents, which fill its shape exactly.
 * @throws RuntimeError `modelRefused`
 */
export function readTensor(message: TensorMessage, place: string): Value {
  const { dims = [], data_type: type, raw_data: raw, float_data: floats, int64_data: ints } = message;
  if (!isElementType(type)) throw refused(`${place}.data_type`, 'float32, int64 and bool are allowed');
  if (dims.some((size) => size < 1)) throw refused(`${place}.dims`, 'every size is at least 1');
  const value: Value = { type, dims };
  const bytes = bytesOf(value);
  if (!(bytes <= LIMITS.modelBytes)) throw refused(`${place}.dims`, `at most ${LIMITS.modelBytes} bytes are allowed`);
  const contents = [raw, floats, ints].filter((one) => one !== undefined);
  if (contents.length !== 1) throw refused(place, 'it must have one kind of contents');
  const fits =
    (raw && raw.length === bytes) ||
    (floats && type === TYPES.float && floats.length === countOf(dims)) ||
    (ints && type === TYPES.int64 && ints.length === countOf(dims));
  if (!fits) throw refused(place, 'its contents must fill its shape');
  if (raw && type === TYPES.bool && raw.some((one) => one > 1)) throw refused(place, 'a bool is 0 or 1');
  if (type !== TYPES.int64 || countOf(dims) > LIMITS.listed || dims.length > 1) return value;
  return { ...value, ints: ints ?? wholeNumbers(raw!) };
}

function wholeNumbers(raw: Uint8Array): number[] {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  return Array.from({ length: raw.length / 8 }, (_, at) => clamped(view.getBigInt64(at * 8, true)));
}
