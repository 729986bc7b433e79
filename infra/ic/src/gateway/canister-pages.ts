import { IDL } from '@dfinity/candid';
import type { Principal } from '@dfinity/principal';
import { randomBytes } from 'node:crypto';
import type { Host } from '../host.js';
import { anonymousCall, MAX_ARGUMENT } from '../http/calls.js';
import { decodeCandid } from '../candid.js';
import { HttpRequest, HttpUpdateRequest } from '../management/candid.js';
import { ANONYMOUS, bytesOf, idOf, type Id } from '../subnet/principals.js';
import { failureOf, GatewayFailure } from './failure.js';

/** What `http_request` is asked; headers are in lower case. */
export interface PageRequest {
  method: string;
  url: string;
  headers: [string, string][];
  body: Uint8Array;
}

/** What a canister answered. */
export interface Answer {
  status: number;
  headers: [string, string][];
  /** With as much as was streamed before it could be verified. */
  body: Uint8Array;
  /** What is streamed after it, never verified. */
  rest?: AsyncGenerator<Uint8Array>;
  /** Whether an update gave it, so that it needs no certificate. */
  upgraded: boolean;
}

/** Milliseconds for an update, as agents have patience. */
const PATIENCE = 300_000;
/** Callbacks whose parts are gathered, so that the whole can be verified; those in all (ic-http-gateway). */
const MOST_GATHERED = 4;
const MOST_STREAMED = 1000;

/** The type of a streaming token is the canister's own: it is decoded as it comes and handed back unchanged. */
const Token = IDL.Unknown;
const Strategy = IDL.Variant({ Callback: IDL.Record({ callback: IDL.Unknown, token: Token }) });
const Response = IDL.Record({
  status_code: IDL.Nat16,
  headers: IDL.Vec(IDL.Tuple(IDL.Text, IDL.Text)),
  body: IDL.Vec(IDL.Nat8),
  upgrade: IDL.Opt(IDL.Bool),
  streaming_strategy: IDL.Opt(Strategy),
});
/** A canister may answer the record, or an option of it. */
const StreamedPart = IDL.Opt(IDL.Record({ body: IDL.Vec(IDL.Nat8), token: IDL.Opt(Token) }));

interface OwnTyped {
  type(): IDL.Type;
}
interface Callback {
  callback: [Principal, string];
  token: OwnTyped;
}
interface Decoded {
  status_code: number;
  headers: [string, string][];
  body: Uint8Array;
  upgrade: [boolean] | [];
  streaming_strategy: [{ Callback: Callback }] | [];
}

/**
 * Asks a canister for a page: by a query, by an update when it says so, and by callbacks for what does not fit. @throws
 * GatewayFailure
 */
export async function askCanister(host: Host, canister: Id, request: PageRequest): Promise<Answer> {
  let answer = decoded<Decoded>(
    Response,
    await query(host, canister, 'http_request', encoded(HttpRequest, { ...request, certificate_version: [2] })),
  );
  const upgraded = answer.upgrade[0] === true;
  if (upgraded)
    answer = decoded(
      Response,
      await update(host, canister, 'http_request_update', encoded(HttpUpdateRequest, request)),
    );
  const [strategy] = answer.streaming_strategy;
  return {
    status: answer.status_code,
    headers: answer.headers,
    upgraded,
    ...(await gathered(host, canister, Uint8Array.from(answer.body), strategy?.Callback)),
  };
}

async function gathered(
  host: Host,
  canister: Id,
  first: Uint8Array,
  strategy: Callback | undefined,
): Promise<{ body: Uint8Array; rest?: AsyncGenerator<Uint8Array> }> {
  if (!strategy) return { body: first };
  const parts = streamed(host, canister, strategy);
  const gathering = [first];
  for (let count = 0; count < MOST_GATHERED; count += 1) {
    const { done, value } = await parts.next();
    if (done) return { body: Buffer.concat(gathering) };
    gathering.push(value);
    if (value.last) return { body: Buffer.concat(gathering) };
  }
  return { body: Buffer.concat(gathering), rest: parts };
}

type Streamed = [{ body: Uint8Array; token: [OwnTyped] | [] }] | [];
type Part = Uint8Array & { last?: boolean };

async function* streamed(host: Host, canister: Id, { callback, token }: Callback): AsyncGenerator<Part> {
  const [owner, method] = callback;
  if (idOf(owner.toUint8Array()) !== canister)
    throw new GatewayFailure('backend_http_gateway', 'The streaming callback is not a method of the canister.');
  let next: OwnTyped | undefined = token;
  for (let count = 0; next && count < MOST_STREAMED; count += 1) {
    const [part]: Streamed = decoded<Streamed>(
      StreamedPart,
      await query(host, canister, method, encoded(next.type(), next)),
    );
    if (!part) throw new GatewayFailure('backend_http_gateway', `The streaming callback ${method} answered nothing.`);
    [next] = part.token;
    yield Object.assign(Uint8Array.from(part.body), { last: next === undefined });
  }
  if (next)
    throw new GatewayFailure(
      'backend_http_gateway',
      `The streaming callback ${method} did not end within ${MOST_STREAMED} calls.`,
    );
}

function encoded(type: IDL.Type, value: unknown): Uint8Array {
  return new Uint8Array(IDL.encode([type], [value]));
}

function decoded<T>(type: IDL.Type, reply: Uint8Array): T {
  try {
    return decodeCandid([type], reply)[0] as T;
  } catch (failure) {
    throw new GatewayFailure(
      'backend_http_gateway',
      `The canister's answer has not the type that it should: ${(failure as Error).message}`,
    );
  }
}

async function query(host: Host, to: Id, method: string, arg: Uint8Array): Promise<Uint8Array> {
  const result = await host.query({ caller: bytesOf(ANONYMOUS), to, method, arg });
  if (result.kind === 'reply') return result.data;
  throw failureOf(result.rejection);
}

async function update(host: Host, to: Id, method: string, arg: Uint8Array): Promise<Uint8Array> {
  if (arg.length > MAX_ARGUMENT)
    throw new GatewayFailure(
      'client_body_too_large',
      `A request that is upgraded to an update has at most ${MAX_ARGUMENT} bytes, not ${arg.length}.`,
    );
  const call = anonymousCall(host, to, method, arg, randomBytes(32).toString('hex'));
  await host.inspect(call);
  const outcome = await host.call(call, PATIENCE);
  const state = host.subnet.state.ingress.get(call.requestId)?.state;
  if (outcome !== 'pending' && state?.status === 'replied') return state.data;
  throw state?.status === 'rejected'
    ? failureOf(state.rejection)
    : new GatewayFailure('backend_http_gateway', 'The canister did not answer in time.');
}
