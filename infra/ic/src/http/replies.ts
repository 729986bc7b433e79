import { encode } from 'cborg';
import type { ServerResponse } from 'node:http';
import { selfDescribed } from '../envelopes/index.js';
import type { Rejection } from '../subnet/reject.js';

/** Browsers of any origin may talk to the network, as on the real one. */
export const CORS = {
  'access-control-allow-origin': '*', 'access-control-allow-methods': 'GET, POST, HEAD, OPTIONS', 'access-control-allow-headers': '*',
  'access-control-expose-headers': '*', 'access-control-max-age': '86400',
};

/** Ends a request with plain text and this status. */
export class HttpError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export function sendCbor(response: ServerResponse, value: unknown): void {
  send(response, 200, 'application/cbor', selfDescribed(encode(value)));
}

export function sendText(response: ServerResponse, status: number, text: string): void {
  send(response, status, 'text/plain; charset=utf-8', Buffer.from(text));
}

export function send(response: ServerResponse, status: number, type: string, body: Uint8Array): void {
  response.writeHead(status, { ...CORS, 'content-type': type, 'content-length': body.length, 'x-content-type-options': 'nosniff' }).end(body);
}

/** A refusal as answers to calls and queries carry it. */
export function rejected(why: Rejection): { reject_code: number; reject_message: string; error_code: string } {
  return { reject_code: why.code, reject_message: why.message, error_code: why.errorCode };
}
