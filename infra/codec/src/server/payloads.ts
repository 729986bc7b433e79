import type { Payload } from '@temporalio/common';
import { CodecError } from '../errors.js';
import { labelOf, type LivepodCodec } from '../payloads.js';

/** A payload as Temporal's HTTP codec protocol writes it: bytes in base64. */
interface JsonPayload {
  metadata?: Record<string, string>;
  data?: string;
}

export interface Converted {
  payloads: JsonPayload[];
  unread: Record<string, number>;
  keys: string[];
}

/** @returns undefined when the body is not of the codec protocol */
export function readPayloads(body: string): Payload[] | undefined {
  try {
    const { payloads } = JSON.parse(body) as { payloads: JsonPayload[] };
    return payloads.map(({ metadata, data }) => ({
      metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([name, value]) => [name, bytes(value)])),
      ...(data == null ? {} : { data: bytes(data) }),
    }));
  } catch {
    return undefined;
  }
}

export function encode(codec: LivepodCodec, payloads: Payload[], namespace: string): Converted {
  const sealed = payloads.map((payload) => codec.sealed(payload, { namespace }));
  return { payloads: sealed.map(json), unread: {}, keys: keysOf(sealed) };
}

/** A payload that cannot be read goes back as it came: one among many must not hide the others. */
export function decode(codec: LivepodCodec, payloads: Payload[], namespace: string): Converted {
  const unread: Record<string, number> = {};
  const open = payloads.map((payload) => {
    try {
      return codec.opened(payload, { namespace });
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      unread[error.code] = (unread[error.code] ?? 0) + 1;
      return payload;
    }
  });
  return { payloads: open.map(json), unread, keys: keysOf(payloads) };
}

const keysOf = (payloads: Payload[]): string[] => [
  ...new Set(payloads.flatMap((payload) => labelOf(payload)?.key ?? [])),
];

function bytes(base64: unknown): Uint8Array {
  if (typeof base64 !== 'string') throw new TypeError('not base64');
  return Buffer.from(base64, 'base64');
}

const json = ({ metadata, data }: Payload): JsonPayload => ({
  metadata: Object.fromEntries(
    Object.entries(metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString('base64')]),
  ),
  ...(data == null ? {} : { data: Buffer.from(data).toString('base64') }),
});
