import { encode } from 'cborg';
import { selfDescribed } from '../envelopes/cbor.js';
import { EnvelopeError } from '../envelopes/errors.js';
import { IcError } from '../errors.js';
import type { Rejection } from '../subnet/reject.js';

/** Browsers of any origin may talk to the network, as on the real one. */
export const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, POST, HEAD, OPTIONS',
  'access-control-allow-headers': '*',
  'access-control-expose-headers': '*',
  'access-control-max-age': '86400',
};

/** An answer on its way out, whichever thread its connection belongs to. */
export interface Outgoing {
  headersSent: boolean;
  writeHead(status: number, headers: Record<string, string | number | string[]>): unknown;
  write(part: Uint8Array): unknown;
  end(part?: Uint8Array | string): unknown;
  destroy(): unknown;
}

/** Ends a request with plain text and this status. */
export class HttpError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The status and text by which a failure ends a request. */
export function refusal(failure: unknown): { status: number; text: string } {
  if (failure instanceof HttpError) return { status: failure.status, text: failure.message };
  if (failure instanceof EnvelopeError) return { status: failure.httpStatus, text: failure.message };
  if (failure instanceof IcError && failure.code === 'stateUnwritable') return { status: 503, text: failure.message };
  return { status: 500, text: `The host failed: ${failure instanceof Error ? failure.message : String(failure)}` };
}

export function sendCbor(response: Outgoing, value: unknown): void {
  send(response, 200, 'application/cbor', selfDescribed(encode(value)));
}

export function sendText(response: Outgoing, status: number, text: string): void {
  send(response, status, 'text/plain; charset=utf-8', Buffer.from(text));
}

export function send(
  response: Outgoing,
  status: number,
  type: string,
  body: Uint8Array,
  more: Record<string, string> = {},
): void {
  response.writeHead(status, {
    ...CORS,
    ...more,
    'content-type': type,
    'content-length': body.length,
    'x-content-type-options': 'nosniff',
  });
  response.end(body);
}

/** A refusal as answers to calls and queries carry it. */
export function rejected(why: Rejection): { reject_code: number; reject_message: string; error_code: string } {
  return { reject_code: why.code, reject_message: why.message, error_code: why.errorCode };
}
