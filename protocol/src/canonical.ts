import { utf8 } from './bytes.js';
import { ProtocolError } from './errors.js';
import { MAX_DOCUMENT_DEPTH } from './limits.js';

/**
 * The one canonical encoding: RFC 8785 JSON, narrowed to what every language encodes alike: ASCII keys, integers below
 * 2^53, no fractions (decimals are texts such as "0.967"). JSON and not CBOR, because voters and auditors read these
 * documents.
 */
export type CanonicalValue = string | number | boolean | null | CanonicalValue[] | { [key: string]: CanonicalValue };

/** @throws ProtocolError `notCanonical` naming the place of a value that has no canonical form */
export function canonicalJson(value: unknown): Uint8Array {
  return utf8(encode(value, '$', 0));
}

/**
 * Reads bytes that must be canonical already: one document has one encoding, so that nobody can give it two ids.
 *
 * @throws ProtocolError `notCanonical`
 */
export function parseCanonical(bytes: Uint8Array): CanonicalValue {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text);
  } catch (cause) {
    throw new ProtocolError('notCanonical', {}, 'The document is not UTF-8 JSON; encode it by RFC 8785.', { cause });
  }
  if (encode(value, '$', 0) !== text) {
    throw new ProtocolError(
      'notCanonical',
      {},
      'The document is JSON, but not in its canonical form; encode it by RFC 8785 (sorted keys, no spaces, no ' +
        'repeated keys).',
    );
  }
  return value as CanonicalValue;
}

function encode(value: unknown, place: string, depth: number): string {
  if (depth > MAX_DOCUMENT_DEPTH) {
    throw new ProtocolError(
      'notCanonical',
      { depth: MAX_DOCUMENT_DEPTH },
      `The document is nested more than ${MAX_DOCUMENT_DEPTH} deep; no document of ours is.`,
    );
  }
  if (value === null || typeof value === 'boolean') return JSON.stringify(value);
  if (typeof value === 'string') return encodeText(value, place);
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
      throw new ProtocolError(
        'notCanonical',
        { place },
        `${place} is the number ${value}; only integers below 2^53 are canonical, write decimals as text.`,
      );
    }
    return String(value);
  }
  if (Array.isArray(value))
    return `[${value.map((item, index) => encode(item, `${place}[${index}]`, depth + 1)).join(',')}]`;
  if (typeof value === 'object') {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    const fields = entries.map(
      ([key, item]) => `${encodeKey(key, place)}:${encode(item, `${place}.${key}`, depth + 1)}`,
    );
    return `{${fields.join(',')}}`;
  }
  throw new ProtocolError(
    'notCanonical',
    { place },
    `${place} is ${typeof value}, which JSON cannot hold; leave it out or write text.`,
  );
}

function encodeKey(key: string, place: string): string {
  if (!/^[\x20-\x7e]*$/.test(key))
    throw new ProtocolError(
      'notCanonical',
      { place, key },
      `${place} has the key ${JSON.stringify(key)}; keys are printable ASCII.`,
    );
  return JSON.stringify(key);
}

/** RFC 8785 §3.2.2.2; JSON.stringify follows it for well-formed UTF-16. */
function encodeText(text: string, place: string): string {
  if (/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text)) {
    throw new ProtocolError(
      'notCanonical',
      { place },
      `${place} holds half of a surrogate pair; write well-formed Unicode.`,
    );
  }
  return JSON.stringify(text);
}
