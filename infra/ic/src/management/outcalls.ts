import type { Principal } from '@dfinity/principal';
import { httpRequestFee } from '../subnet/cycles.js';
import { idOf, textOf } from '../subnet/principals.js';
import { headerFault, startOutcall, type HttpHeader, type OutcallMethod } from '../subnet/outcalls.js';
import { Reject } from '../subnet/reject.js';
import type { Method } from './request.js';

interface HttpRequest {
  url: string;
  max_response_bytes: [bigint] | [];
  method: Record<string, null>;
  headers: HttpHeader[];
  body: [ArrayLike<number>] | [];
  transform: [{ function: [Principal, string]; context: ArrayLike<number> }] | [];
  is_replicated: [boolean] | [];
}

const MAX_BYTES = 2_000_000;
const MAX_URL = 8192;
/** Methods that may happen more than once without harm are for all; the others for one node only. */
const REPLICATED = new Set(['get', 'head', 'post']);

/** `http_request` (IC spec): checked here, with the replica's words; sent by the host after the round. */
const httpRequest: Method = (request, given: HttpRequest) => {
  const { url, headers } = given;
  const method = Object.keys(given.method)[0]!;
  const body = given.body[0] && Uint8Array.from(given.body[0]);
  const max = given.max_response_bytes[0] ?? BigInt(MAX_BYTES);
  const [transform] = given.transform;
  const replicated = given.is_replicated[0] ?? true;
  const refuse = (message: string): never => {
    throw new Reject('rejectedAtTheDoor', message);
  };
  if (max > BigInt(MAX_BYTES)) refuse(`max_response_bytes expected to be in the range [0..${MAX_BYTES}], got ${max}`);
  const target = transform && idOf(transform.function[0].toUint8Array());
  if (target !== undefined && target !== request.caller)
    refuse(`transform principal id expected to be ${textOf(request.caller)}, got ${textOf(target)}`);
  if (Buffer.byteLength(url) > MAX_URL) refuse(`url size ${Buffer.byteLength(url)} exceeds ${MAX_URL}`);
  if (replicated && !REPLICATED.has(method))
    refuse('The requested HTTP method is only allowed for non-replicated requests.');
  const fault = headerFault(headers);
  if (fault) refuse(fault);
  const headerBytes = headers.reduce(
    (sum, { name, value }) => sum + Buffer.byteLength(name) + Buffer.byteLength(value),
    0,
  );
  const bytes = headerBytes + (body?.length ?? 0);
  if (bytes > MAX_BYTES)
    refuse(
      `total number of bytes to represent all http header names and values and http body ${bytes} exceeds ${MAX_BYTES}`,
    );
  const charged =
    Buffer.byteLength(url) + bytes + (transform ? transform.function[1].length + transform.context.length : 0);
  const fee = httpRequestFee(BigInt(charged), max);
  if (request.cycles < fee)
    refuse(`http_request request sent with ${request.cycles} cycles, but ${fee} cycles are required.`);
  request.canister!.account(fee, 'http_outcalls');
  startOutcall(request.subnet, {
    origin: request.origin,
    canister: request.caller,
    url,
    method: method.toUpperCase() as OutcallMethod,
    headers,
    body,
    maxResponseBytes: Number(max),
    replicated,
    transform: transform && { method: transform.function[1], context: Uint8Array.from(transform.context) },
    refund: request.cycles - fee,
  });
  return 'later';
};

export const outcallMethods = { http_request: httpRequest };
