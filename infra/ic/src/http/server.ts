import { Principal } from '@dfinity/principal';
import { createServer, type Server } from 'node:http';
import { HttpFaults, type Endpoint } from '../control/faults.js';
import type { Host } from '../host.js';
import { canisterId, bytesOf, FIRST_ID, idOf, LAST_ID, MANAGEMENT, type Id } from '../subnet/principals.js';
import { bodyOf, KEEP_ALIVE, type Incoming } from './body.js';
import { handleCall } from './calls.js';
import { isBase } from '../gateway/address.js';
import { handleGateway } from '../gateway/gateway.js';
import { NOT_AN_ADDRESS, principalIn } from './endpoints.js';
import { handleQuery } from './queries.js';
import { handleReadState } from './read-state.js';
import { CORS, HttpError, refusal, send, sendCbor, sendText, type Outgoing } from './replies.js';

export const VERSION = '0.1.0';
const ENDPOINT = /^\/api\/v([234])\/(canister|subnet)\/([a-z0-9-]+)\/(call|query|read_state)$/;
/** Which versions of which endpoint there are (IC spec: HTTPS interface). */
const ENDPOINTS: Record<string, number[]> = {
  'canister/call': [2, 3, 4],
  'canister/query': [2, 3],
  'canister/read_state': [2, 3],
  'subnet/call': [4],
  'subnet/query': [3],
  'subnet/read_state': [2, 3],
};

/** The host's HTTP interface: that of an API boundary node, and an HTTP gateway for canisters' pages. */
export function createHttpServer(host: Host, faults = new HttpFaults()): Server {
  const server = createServer((request, response) => {
    const { method, url, headers } = request;
    serve(host, faults, { method, url, headers, body: () => bodyOf(request) }, response);
  });
  server.keepAliveTimeout = KEEP_ALIVE;
  return server;
}

/** Answers one request, whatever becomes of it. */
export function serve(host: Host, faults: HttpFaults, request: Incoming, response: Outgoing): void {
  handle(host, faults, request, response).catch((failure: unknown) => {
    if (response.headersSent) return void response.destroy();
    const { status, text } = refusal(failure);
    sendText(response, status, text);
  });
}

async function handle(host: Host, faults: HttpFaults, request: Incoming, response: Outgoing): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  if (request.method === 'OPTIONS' && (pathname.startsWith('/api/') || pathname.startsWith('/_/'))) {
    response.writeHead(204, CORS);
    response.end();
    return;
  }
  if (pathname === '/api/v2/status' && (await faults.strike('status', undefined, response))) return undefined;
  if (pathname === '/api/v2/status') return sendCbor(response, status(host));
  if (pathname === '/_/topology')
    return send(response, 200, 'application/json', Buffer.from(JSON.stringify(topologyOf(host))));
  if (pathname.startsWith('/api/')) return handleApi(host, faults, pathname, request, response);
  if (request.url === '/' && request.method === 'GET' && isBase(request.headers.host) && !request.headers.referer)
    return sendText(response, 200, WELCOME);
  return handleGateway(host, request, response);
}

async function handleApi(
  host: Host,
  faults: HttpFaults,
  pathname: string,
  request: Incoming,
  response: Outgoing,
): Promise<void> {
  const [, digit, kind, name, what] = ENDPOINT.exec(pathname) ?? [];
  const version = Number(digit);
  if (!ENDPOINTS[`${kind}/${what}`]?.includes(version)) throw new HttpError(404, `There is no endpoint ${pathname}.`);
  if (request.method !== 'POST') throw new HttpError(405, `${pathname} takes POST only.`);
  const id = principalIn(name!);
  if (kind === 'subnet' && id !== idOf(host.keys.subnetId)) throw new HttpError(400, `There is no subnet ${name}.`);
  const effective = kind === 'canister' ? id : undefined;
  if (effective === MANAGEMENT && what === 'query') throw new HttpError(400, NOT_AN_ADDRESS);
  const body = await request.body();
  if (await faults.strike(what as Endpoint, id, response)) return undefined;
  if (what === 'call') return handleCall(host, version, effective, body, response);
  if (what === 'query') return handleQuery(host, effective, body, response);
  return handleReadState(host, effective, body, response);
}

export function status(host: Host): unknown {
  return {
    impl_version: `livepod-ic ${VERSION}`,
    replica_health_status: 'healthy',
    root_key: host.keys.rootDer,
    certified_height: host.subnet.state.round,
    /** vetKD, Schnorr and ECDSA master keys are derivable by anybody. */
    chain_keys: 'public test keys, not for production',
  };
}

/** PocketIC's description of its network, which its clients ask for. */
export function topologyOf(host: Host): unknown {
  const raw = (id: Id): { canister_id: string } => ({ canister_id: Buffer.from(bytesOf(id)).toString('base64') });
  const subnet = {
    subnet_kind: 'Application',
    size: 1,
    subnet_admins: null,
    cost_schedule: 'Normal',
    subnet_seed: [...host.keys.subnetId.subarray(0, 28), 0, 0, 0, 0],
    instruction_config: 'Production',
    node_ids: [{ node_id: Buffer.from(host.keys.nodeId).toString('base64') }],
    canister_ranges: [{ start: raw(FIRST_ID), end: raw(LAST_ID) }],
  };
  return {
    subnet_configs: { [Principal.fromUint8Array(host.keys.subnetId).toText()]: subnet },
    default_effective_canister_id: raw(canisterId(host.subnet.state.nextNumber)),
  };
}

const WELCOME =
  'An embedded Internet Computer. Agents talk to /api/v2/status and the rest of the HTTPS interface; a ' +
  "canister's pages are at /?canisterId=<id>.\n";
