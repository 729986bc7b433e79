import { IDL } from '@dfinity/candid';
import { newMessage } from '../execution/message.js';
import { decodeCandid, HttpResult, TransformArgument } from '../candid.js';
import type { Origin } from './canister.js';
import { from, runnableMethod, trapped, undo } from './delivery.js';
import { bytesOf, MANAGEMENT, type Id } from './principals.js';
import { CANISTER_REJECT, Reject, SYS_FATAL, SYS_TRANSIENT, type Rejection } from './reject.js';
import type { Response, Subnet } from './subnet.js';

export interface HttpHeader {
  name: string;
  value: string;
}
export type OutcallMethod = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE' | 'PATCH';

/**
 * An HTTP request that a canister has asked for and that is not answered yet; replicated, so that a restart sends it
 * again.
 */
export interface Outcall {
  id: number;
  origin: Origin;
  canister: Id;
  url: string;
  method: OutcallMethod;
  headers: HttpHeader[];
  body?: Uint8Array;
  maxResponseBytes: number;
  replicated: boolean;
  transform?: { method: string; context: Uint8Array };
  /** Cycles sent along and not needed. */
  refund: bigint;
  /** Nanoseconds since the epoch. */
  timeout: bigint;
}

export interface OutcallResponse {
  status: number;
  headers: HttpHeader[];
  body: Uint8Array;
}
export type OutcallOutcome = OutcallResponse | { code: number; message: string };
/** What came of an outcall: input of a round. */
export interface OutcallResult {
  id: number;
  outcome: OutcallOutcome;
}

const TIMEOUT = 60_000_000_000n;
const MAX_HEADERS = 64;
const MAX_HEADER = 8192;
const MAX_ALL_HEADERS = 48 * 1024;

/** What is wrong with the headers of a request or response, in the replica's words. */
export function headerFault(headers: HttpHeader[]): string | undefined {
  if (headers.length > MAX_HEADERS) return `number of all http headers ${headers.length} exceeds ${MAX_HEADERS}`;
  let total = 0;
  for (const { name, value } of headers) {
    const nameBytes = Buffer.byteLength(name);
    const valueBytes = Buffer.byteLength(value);
    if (nameBytes > MAX_HEADER)
      return `number of bytes to represent some http header name ${nameBytes} exceeds ${MAX_HEADER}`;
    if (valueBytes > MAX_HEADER)
      return `number of bytes to represent some http header value ${valueBytes} exceeds ${MAX_HEADER}`;
    total += nameBytes + valueBytes;
  }
  return total > MAX_ALL_HEADERS
    ? `total number of bytes to represent all http header names and values ${total} exceeds ${MAX_ALL_HEADERS}`
    : undefined;
}

export function startOutcall(subnet: Subnet, given: Omit<Outcall, 'id' | 'timeout'>): void {
  const { state } = subnet;
  const id = state.nextOutcall ?? 1;
  state.nextOutcall = id + 1;
  (state.outcalls ??= new Map()).set(id, { ...given, id, timeout: state.time + TIMEOUT });
}

/** Answers the outcalls whose responses have come, and those that waited too long. @returns instructions used */
export function settleOutcalls(subnet: Subnet, results: readonly OutcallResult[]): bigint {
  const { outcalls } = subnet.state;
  let instructions = 0n;
  for (const { id, outcome } of results) {
    const outcall = outcalls?.get(id);
    if (!outcall) continue;
    outcalls!.delete(id);
    const settled = 'code' in outcome ? failed(outcome.code, outcome.message) : succeeded(subnet, outcall, outcome);
    instructions += settled.instructions;
    subnet.respond(outcall.origin, settled.response, outcall.refund);
  }
  for (const outcall of outcalls?.values() ?? []) {
    if (outcall.timeout >= subnet.state.time) continue;
    outcalls!.delete(outcall.id);
    subnet.respond(outcall.origin, failed(SYS_TRANSIENT, 'Canister http request timed out').response, outcall.refund);
  }
  return instructions;
}

function failed(code: number, message: string): { response: Response; instructions: bigint } {
  // the adapter's words go to the canister without an error code
  const rejection: Rejection = { code, message, errorCode: 'IC0406' };
  return { response: { kind: 'reject', rejection }, instructions: 0n };
}

function succeeded(
  subnet: Subnet,
  outcall: Outcall,
  { status, headers, body }: OutcallResponse,
): { response: Response; instructions: bigint } {
  const result = { status: BigInt(status), headers, body };
  if (!outcall.transform) return { response: { kind: 'reply', data: encoded(HttpResult, result) }, instructions: 0n };
  const { response, instructions } = transformed(
    subnet,
    outcall,
    encoded(TransformArgument, { response: result, context: outcall.transform.context }),
  );
  if (response.kind === 'reply' && response.data.length > outcall.maxResponseBytes) {
    return {
      ...failed(SYS_FATAL, `Transformed http response exceeds limit: ${outcall.maxResponseBytes}`),
      instructions,
    };
  }
  return { response, instructions };
}

/** Runs the canister's transform function as a query of the management canister. */
function transformed(
  subnet: Subnet,
  { canister: id, transform }: Outcall,
  arg: Uint8Array,
): { response: Response; instructions: bigint } {
  const canister = subnet.canisters.get(id);
  if (!canister) return failed(CANISTER_REJECT, 'The canister is not there any more.');
  const { method } = transform!;
  const message = newMessage({
    role: 'TQ',
    time: subnet.state.time,
    caller: bytesOf(MANAGEMENT),
    method,
    arg,
    answerable: true,
    balance: canister.state.cycles,
    instructionLimit: subnet.state.limits.query,
  });
  try {
    if (runnableMethod(canister, method) !== 'query')
      throw new Reject('methodNotFound', from(canister, `Canister has no query method '${method}'.`));
    canister.stable.begin();
    const trap = canister.instance!.run(message, `canister_query ${method}`);
    undo(canister, canister.instance);
    if (trap) throw new Reject(trap.reason, trapped(canister, trap).message);
    const { answer } = message;
    if (!answer) throw new Reject('didNotReply', from(canister, 'Canister did not reply to the call.'));
    if (answer.kind === 'reject') throw new Reject('rejectedAtTheDoor', answer.message);
    return { response: { kind: 'reply', data: answer.data }, instructions: message.instructions };
  } catch (thrown) {
    if (!(thrown instanceof Reject)) throw thrown;
    return { ...failed(thrown.rejection.code, thrown.rejection.message), instructions: message.instructions };
  }
}

function encoded(type: IDL.Type, value: unknown): Uint8Array {
  return new Uint8Array(IDL.encode([type], [value]));
}

/** For whoever answers outcalls by hand. @throws when the bytes are none of `http_request`'s result */
export function decodeHttpResult(bytes: Uint8Array): OutcallResponse {
  const { status, headers, body } = decodeCandid([HttpResult], bytes)[0] as {
    status: bigint;
    headers: HttpHeader[];
    body: ArrayLike<number>;
  };
  return { status: Number(status), headers, body: Uint8Array.from(body) };
}
