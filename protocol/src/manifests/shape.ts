import { parseCanonical } from '../canonical.js';
import { ProtocolError } from '../errors.js';
import { MAX_MANIFEST_BYTES } from '../limits.js';
import { isPrincipal } from '../principals.js';

/** Checks one value and gives it its type; the path is what an error names. */
export type Shape<T> = (value: unknown, path: string) => T;
export type Of<S> = S extends Shape<infer T> ? T : never;

export function wrong(path: string, expected: string): never {
  throw new ProtocolError('invalidManifest', { field: path }, `${path} must be ${expected}.`);
}

export const text =
  (max: number, pattern?: RegExp, what = `text of 1 to ${max} characters`): Shape<string> =>
  (value, path) =>
    typeof value === 'string' && value.length >= 1 && value.length <= max && (!pattern || pattern.test(value))
      ? value
      : wrong(path, what);
export const literal =
  <const T extends string | number | null>(expected: T): Shape<T> =>
  (value, path) =>
    value === expected ? expected : wrong(path, JSON.stringify(expected));
export const oneOf =
  <const T extends string>(...allowed: T[]): Shape<T> =>
  (value, path) =>
    allowed.includes(value as T) ? (value as T) : wrong(path, `one of ${allowed.join(', ')}`);
export const integer =
  (min: number, max: number): Shape<number> =>
  (value, path) =>
    Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max
      ? (value as number)
      : wrong(path, `an integer from ${min} to ${max}`);
/** Any number that is written alike everywhere. */
export const wholeNumber = integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
export const nullable =
  <T>(shape: Shape<T>): Shape<T | null> =>
  (value, path) =>
    value === null ? null : shape(value, path);
export const list =
  <T>(shape: Shape<T>, max: number, min = 0): Shape<T[]> =>
  (value, path) =>
    Array.isArray(value) && value.length >= min && value.length <= max
      ? value.map((item, index) => shape(item, `${path}[${index}]`))
      : wrong(path, `a list of ${min} to ${max} entries`);
export const mapOf =
  <T>(shape: Shape<T>, max: number): Shape<Record<string, T>> =>
  (value, path) => {
    const entries = plainObject(value, path);
    if (Object.keys(entries).length > max) wrong(path, `an object of at most ${max} entries`);
    return Object.fromEntries(Object.entries(entries).map(([key, item]) => [key, shape(item, `${path}.${key}`)]));
  };
export const either =
  <A, B>(a: Shape<A>, b: Shape<B>): Shape<A | B> =>
  (value, path) => {
    try {
      return a(value, path);
    } catch {
      return b(value, path);
    }
  };

/** A document of one of several versions, by its `type`. */
export const versions =
  <V extends Record<string, Shape<unknown>>>(known: V): Shape<Of<V[keyof V]>> =>
  (value, path) => {
    const type = own(plainObject(value, path), 'type');
    return typeof type === 'string' && Object.hasOwn(known, type)
      ? (known[type]!(value, path) as Of<V[keyof V]>)
      : wrong(`${path}.type`, Object.keys(known).join(' or '));
  };

/** An object with exactly these fields: an unknown field is refused, so that nothing unsaid is signed. */
export const object =
  <F extends Record<string, Shape<unknown>>>(fields: F): Shape<{ [K in keyof F]: Of<F[K]> }> =>
  (value, path) => {
    const given = plainObject(value, path);
    const unknown = Object.keys(given).find((key) => !Object.hasOwn(fields, key));
    if (unknown !== undefined) wrong(`${path}.${unknown}`, 'left out: it is no field of this document');
    return Object.fromEntries(
      Object.entries(fields).map(([key, shape]) => [key, shape(own(given, key), `${path}.${key}`)]),
    ) as { [K in keyof F]: Of<F[K]> };
  };

export const hexOf = (bytes: number): Shape<string> => {
  const digits = bytes * 2;
  return text(digits, new RegExp(`^[0-9a-f]{${digits}}$`), `${digits} lower-case hexadecimal digits`);
};
export const hexUpTo = (bytes: number): Shape<string> => {
  const digits = bytes * 2;
  return text(digits, /^([0-9a-f]{2})+$/, `lower-case hexadecimal digits, at most ${digits}`);
};
export const id: Shape<string> = text(71, /^sha256:[0-9a-f]{64}$/, 'an id, sha256: and 64 hexadecimal digits');
export const principal: Shape<string> = (value, path) => (isPrincipal(value) ? value : wrong(path, 'a principal'));
export const amount: Shape<string> = text(30, /^(0|[1-9][0-9]*)$/, 'an amount: decimal digits, in the smallest unit');
export const decimal: Shape<string> = text(24, /^-?(0|[1-9][0-9]*)(\.[0-9]+)?$/, 'a decimal number written as text');
export const nanoseconds: Shape<string> = (value, path) =>
  typeof value === 'string' && /^(0|[1-9][0-9]{0,19})$/.test(value) && BigInt(value) < 2n ** 64n
    ? value
    : wrong(path, 'nanoseconds since 1970, decimal digits');

/** A plain file's name everywhere: letters, digits, dot, dash, underscore, and neither "." nor "..". */
export const FILE_NAME = /^(?!\.+$)[A-Za-z0-9._-]+$/;
export const fileName = (max: number): Shape<string> =>
  text(max, FILE_NAME, `a file name of 1 to ${max} letters, digits, dots, dashes, underscores, and not of dots alone`);

/** Two names that some file systems keep in one file, or undefined. */
export function nameTwice(names: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return names.find((name) => {
    const folded = name.toLowerCase();
    const twice = seen.has(folded);
    seen.add(folded);
    return twice;
  });
}

/** Whether a decimal is at most another, digit by digit: a `number` would round them. */
export function atMost(a: string, b: string): boolean {
  return scaled(a) <= scaled(b);
}

/** A decimal of at most 24 characters in units of 10^-24. */
function scaled(decimal: string): bigint {
  const [whole = '0', fraction = ''] = decimal.replace('-', '').split('.');
  const magnitude = BigInt(whole + fraction.padEnd(24, '0'));
  return decimal.startsWith('-') ? -magnitude : magnitude;
}

/**
 * Reads canonical bytes as a document of one shape.
 * @param maxBytes  refused above it, before it is read; canisters have the same limit
 */
export const parser =
  <T>(shape: Shape<T>, name: string, maxBytes: number = MAX_MANIFEST_BYTES) =>
  (bytes: Uint8Array): T => {
    if (bytes.length > maxBytes)
      throw new ProtocolError(
        'tooLong',
        { document: name, bytes: bytes.length },
        `The ${name} has ${bytes.length} bytes, and at most ${maxBytes} are allowed.`,
      );
    return shape(parseCanonical(bytes), name);
  };

/** A field that a document has by itself: every object also inherits some, such as `constructor`. */
const own = (given: Record<string, unknown>, key: string): unknown =>
  Object.hasOwn(given, key) ? given[key] : undefined;

function plainObject(value: unknown, path: string): Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : wrong(path, 'an object');
}
