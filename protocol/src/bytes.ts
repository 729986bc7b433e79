import { ProtocolError } from './errors.js';

/** UTF-8 bytes of a text. */
export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

export function concat(...parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Lower-case hexadecimal, two digits a byte. */
export function hex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}

/** @throws ProtocolError `invalidHex` unless the text is an even number of lower-case hexadecimal digits */
export function unhex(text: string): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) {
    throw new ProtocolError(
      'invalidHex',
      { text: text.slice(0, 80) },
      `"${text.slice(0, 20)}" is not lower-case hexadecimal; write two digits a byte.`,
    );
  }
  return Uint8Array.from({ length: text.length / 2 }, (_, index) => parseInt(text.slice(index * 2, index * 2 + 2), 16));
}

/** @throws ProtocolError `tooLong` unless the value is a whole number below 2^32 */
export function u32be(value: number): Uint8Array {
  if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) throw doesNotFit(value, 4);
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/** @throws ProtocolError `tooLong` unless the value is a whole number below 2^64 */
export function u64be(value: bigint): Uint8Array {
  if (value < 0n || value >= 2n ** 64n) throw doesNotFit(value, 8);
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value);
  return bytes;
}

/**
 * One length byte and the bytes themselves.
 * @throws ProtocolError `tooLong` for more than 255 of them: the length would wrap, and two texts share one prefix
 */
export function lengthPrefixed(bytes: Uint8Array): Uint8Array {
  if (bytes.length > 255)
    throw new ProtocolError(
      'tooLong',
      { bytes: bytes.length },
      `${bytes.length} bytes are more than one length byte can say; use at most 255.`,
    );
  return concat(Uint8Array.of(bytes.length), bytes);
}

const doesNotFit = (value: number | bigint, bytes: number): ProtocolError =>
  new ProtocolError('tooLong', { value: String(value) }, `${value} does not fit ${bytes} bytes; use a smaller number.`);
