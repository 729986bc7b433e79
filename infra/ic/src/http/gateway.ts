import { IDL } from '@dfinity/candid';
import { Principal } from '@dfinity/principal';
import { randomBytes } from 'node:crypto';
import type { Host } from '../host.js';
import { decodeCandid, HttpRequest, HttpUpdateRequest } from '../management/candid.js';
import { ANONYMOUS, bytesOf, idOf, type Id } from '../subnet/principals.js';
import type { Incoming } from './body.js';
import { anonymousCall } from './calls.js';
import { CORS, HttpError, type Outgoing } from './replies.js';

const PATIENCE = 60_000;
const MAX_STREAMED = 1000;

/** The type of a streaming token is the canister's own: it is decoded as it comes and handed back unchanged. */
const Token = IDL.Unknown;
const Strategy = IDL.Variant({ Callback: IDL.Record({ callback: IDL.Unknown, token: Token }) });
const Response = IDL.Record({
  status_code: IDL.Nat16, headers: IDL.Vec(IDL.Tuple(IDL.Text, IDL.Text)), body: IDL.Vec(IDL.Nat8), upgrade: IDL.Opt(IDL.Bool), streaming_strategy: IDL.Opt(Strategy),
});
const StreamedPart = IDL.Record({ body: IDL.Vec(IDL.Nat8), token: IDL.Opt(Token) });

interface OwnTyped { type(): IDL.Type }
interface HttpAnswer {
  status_code: number;
  headers: [string, string][];
  body: Uint8Array;
  upgrade: [boolean] | [];
  streaming_strategy: [{ Callback: { callback: [Principal, string]; token: OwnTyped } }] | [];
}

/** Which canister a browser means: `<id>.localhost`, or `?canisterId=<id>`. */
export function canisterOf(request: Incoming): Id | undefined {
  const host = (request.headers.host ?? '').split(':')[0]!;
  const query = new URL(request.url ?? '/', 'http://localhost').searchParams.get('canisterId');
  const name = query ?? /^([a-z0-9-]+)\.(?:raw\.)?localhost$/.exec(host)?.[1];
  if (!name) return undefined;
  try {
    return idOf(Principal.fromText(name).toUint8Array());
  } catch {
    throw new HttpError(400, `${name} is no canister id.`);
  }
}

/** Serves a canister's web pages (HTTP gateway protocol): `http_request`, upgraded to `http_request_update` on demand, with streaming. */
export async function handleGateway(host: Host, canister: Id, request: Incoming, body: Uint8Array, response: Outgoing): Promise<void> {
  const headers = Object.entries(request.headers).map(([name, value]): [string, string] => [name, Array.isArray(value) ? value.join(', ') : value ?? '']);
  const asked = { method: request.method ?? 'GET', url: request.url ?? '/', headers, body };
  let answer = decoded(await query(host, canister, 'http_request', encoded([HttpRequest], [{ ...asked, certificate_version: [2] }])));
  if (answer.upgrade[0]) answer = decoded(await update(host, canister, 'http_request_update', encoded([HttpUpdateRequest], [asked])));
  response.writeHead(answer.status_code, { ...CORS, ...Object.fromEntries(answer.headers.filter(([name]) => name.toLowerCase() !== 'content-length')) });
  response.write(Uint8Array.from(answer.body));
  const [strategy] = answer.streaming_strategy;
  if (strategy) await stream(host, strategy.Callback, response);
  response.end();
}

async function stream(host: Host, { callback, token }: { callback: [Principal, string]; token: OwnTyped }, response: Outgoing): Promise<void> {
  const [canister, method] = callback;
  let next: OwnTyped | undefined = token;
  for (let part = 0; next && part < MAX_STREAMED; part += 1) {
    const reply = await query(host, idOf(canister.toUint8Array()), method, encoded([next.type()], [next]));
    const { body, token: following } = decodeCandid([StreamedPart], reply)[0] as unknown as { body: Uint8Array; token: [OwnTyped] | [] };
    response.write(Uint8Array.from(body));
    [next] = following;
  }
}

function encoded(types: IDL.Type[], values: unknown[]): Uint8Array {
  return new Uint8Array(IDL.encode(types, values));
}

function decoded(reply: Uint8Array): HttpAnswer {
  return decodeCandid([Response], reply)[0] as unknown as HttpAnswer;
}

async function query(host: Host, to: Id, method: string, arg: Uint8Array): Promise<Uint8Array> {
  const result = await host.query({ caller: bytesOf(ANONYMOUS), to, method, arg });
  if (result.kind === 'reply') return result.data;
  throw new HttpError(result.rejection.errorCode === 'IC0301' ? 404 : 502, `${result.rejection.errorCode}: ${result.rejection.message}`);
}

async function update(host: Host, to: Id, method: string, arg: Uint8Array): Promise<Uint8Array> {
  const requestId = randomBytes(32).toString('hex');
  const outcome = await host.call(anonymousCall(host, to, method, arg, requestId), PATIENCE);
  const state = host.subnet.state.ingress.get(requestId)?.state;
  if (outcome !== 'pending' && state?.status === 'replied') return state.data;
  throw new HttpError(502, state?.status === 'rejected' ? `${state.rejection.errorCode}: ${state.rejection.message}` : 'The canister did not answer in time.');
}
