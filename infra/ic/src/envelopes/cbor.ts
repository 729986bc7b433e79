import { concatBytes } from '@noble/hashes/utils.js';
import { decode, Tokenizer, Type, type DecodeOptions } from 'cborg';

const TAG = Uint8Array.of(0xd9, 0xd9, 0xf7);

/** Bytes with the self-describing tag 55799 in front, as the IC sends all CBOR. */
export function selfDescribed(cbor: Uint8Array): Uint8Array {
  return concatBytes(TAG, cbor);
}

/**
 * More than 1,000 paths of 127 labels need. Reading a value costs a microsecond, and nobody may buy seconds with one
 * request.
 */
const MAX_VALUES = 200_000;

/**
 * cborg's tokens, so many at most, and without floats: a float must not pass for an integer (IC spec: Request
 * encoding).
 */
class BoundedWithoutFloats extends Tokenizer {
  #values = 0;
  /** Arrays and maps of unknown length that no break has ended yet: the library takes a break for a map's value. */
  #open = 0;

  override next(): ReturnType<Tokenizer['next']> {
    const token = super.next();
    this.#values += 1;
    if (this.#values > MAX_VALUES) throw new Error(`more than ${MAX_VALUES} values`);
    if (token.value === Infinity) this.#open += 1;
    if (token.type === Type.break && this.#open-- === 0) throw new Error('a break that ends nothing');
    if (token.type === Type.float) throw new Error('floating-point numbers are not allowed');
    return token;
  }
}

/**
 * Decodes CBOR with or without tag 55799: maps become `Map`, integers beyond 2^53 `bigint`.
 *
 * @throws Error on duplicate keys, floats, other tags, more than 200,000 values, trailing or missing bytes, and nesting
 *   beyond the stack
 */
export function decodeStrictly(bytes: Uint8Array): unknown {
  const tagged = bytes[0] === TAG[0] && bytes[1] === TAG[1] && bytes[2] === TAG[2];
  const body = new Uint8Array(tagged ? bytes.subarray(3) : bytes);
  const options: DecodeOptions = {
    useMaps: true,
    rejectDuplicateMapKeys: true,
    allowBigInt: true,
    allowIndefinite: true,
    allowUndefined: false,
    allowNaN: false,
    allowInfinity: false,
  };
  return decode(body, { ...options, tokenizer: new BoundedWithoutFloats(body, options) });
}
