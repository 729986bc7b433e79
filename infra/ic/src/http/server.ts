import { Principal } from '@dfinity/principal';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { HttpFaults, type Endpoint } from '../control/faults.js';
import { EnvelopeError } from '../envelopes/index.js';
import type { Host } from '../host.js';
import { canisterId, bytesOf, FIRST_ID, idOf, LAST_ID, type Id } from '../subnet/principals.js';
import { handleCall } from './calls.js';
import { canisterOf, handleGateway } from './gateway.js';
import { handleQuery } from './queries.js';
import { handleReadState } from './read-state.js';
import { CORS, HttpError, send, sendCbor, sendText } from './replies.js';

export const VERSION = '0.1.0';
const MAX_BODY = 5 << 20;
/** Milliseconds. Longer than clients keep idle connections, so that none sends into one that is being closed. */
const KEEP_ALIVE = 120_000;
const ENDPOINT = /^\/api\/v([234])\/(canister|subnet)\/([a-z0-9-]+)\/(call|query|read_state)$/;
/** Which versions of which endpoint there are (IC spec: HTTPS interface). */
const ENDPOINTS: Record<string, number[]> = {
  'canister/call': [2, 3, 4], 'canister/query': [2, 3], 'canister/read_state': [2, 3], 'subnet/call': [4], 'subnet/read_state': [2, 3],
};

/** The host's HTTP interface: that of an API boundary node, and an HTTP gateway for canisters' pages. */
export function createHttpServer(host: Host, faults = new HttpFaults()): Server {
  const server = createServer((request, response) => {
    handle(host, faults, request, response).catch((failure: unknown) => {
      if (response.headersSent) response.destroy();
      else if (failure instanceof HttpError) sendText(response, failure.status, failure.message);
      else if (failure instanceof EnvelopeError) sendText(response, failure.httpStatus, failure.message);
      else sendText(response, 500, `The host failed: ${failure instanceof Error ? failure.message : String(failure)}`);
    });
  });
  server.keepAliveTimeout = KEEP_ALIVE;
  return server;
}

async function handle(host: Host, faults: HttpFaults, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  if (request.method === 'OPTIONS') {
    response.writeHead(204, CORS).end();
    return;
  }
  if (pathname === '/api/v2/status' && await faults.strike('status', undefined, response)) return undefined;
  if (pathname === '/api/v2/status') return sendCbor(response, status(host));
  if (pathname === '/_/topology') return send(response, 200, 'application/json', Buffer.from(JSON.stringify(topologyOf(host))));
  if (pathname.startsWith('/api/')) return handleApi(host, faults, pathname, request, response);
  const canister = canisterOf(request);
  if (canister !== undefined) return handleGateway(host, canister, request, await bodyOf(request), response);
  if (pathname === '/') return sendText(response, 200, WELCOME);
  throw new HttpError(404, `There is nothing at ${pathname}: name a canister, as in /?canisterId=<id>.`);
}

async function handleApi(host: Host, faults: HttpFaults, pathname: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [, digit, kind, name, what] = ENDPOINT.exec(pathname) ?? [];
  const version = Number(digit);
  if (!ENDPOINTS[`${kind}/${what}`]?.includes(version)) throw new HttpError(404, `There is no endpoint ${pathname}.`);
  if (request.method !== 'POST') throw new HttpError(405, `${pathname} takes POST only.`);
  const id = principalIn(name!);
  if (kind === 'subnet' && id !== idOf(host.keys.subnetId)) throw new HttpError(400, `There is no subnet ${name}.`);
  const effective = kind === 'canister' ? id : undefined;
  const body = await bodyOf(request);
  if (await faults.strike(what as Endpoint, id, response)) return undefined;
  if (what === 'call') return handleCall(host, version, effective, body, response);
  if (what === 'query') return handleQuery(host, id, body, response);
  return handleReadState(host, effective, body, response);
}

function principalIn(name: string): Id {
  try {
    return idOf(Principal.fromText(name).toUint8Array());
  } catch {
    throw new HttpError(400, `${name} is no principal.`);
  }
}

/** Reads a body; what is beyond the limit is read and thrown away, so that the client gets to see why. */
function bodyOf(request: IncomingMessage): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let size = 0;
    request.on('data', (part: Buffer) => {
      size += part.length;
      if (size <= MAX_BODY) parts.push(part);
      else parts.length = 0;
    });
    request.on('end', () => {
      if (size > MAX_BODY) reject(new HttpError(413, `A request has at most ${MAX_BODY} bytes, not ${size}.`));
      else resolve(new Uint8Array(Buffer.concat(parts)));
    });
    request.on('error', reject);
  });
}

function status(host: Host): unknown {
  return {
    impl_version: `livepod-ic ${VERSION}`, replica_health_status: 'healthy', root_key: host.keys.der, certified_height: host.subnet.state.round,
    /** vetKD, Schnorr and ECDSA master keys are derivable by anybody. */
    chain_keys: 'public test keys, not for production',
  };
}

/** PocketIC's description of its network, which its clients ask for. */
export function topologyOf(host: Host): unknown {
  const raw = (id: Id): { canister_id: string } => ({ canister_id: Buffer.from(bytesOf(id)).toString('base64') });
  const subnet = {
    subnet_kind: 'Application', size: 1, subnet_admins: null, cost_schedule: 'Normal', subnet_seed: [...host.keys.subnetId.subarray(0, 28), 0, 0, 0, 0],
    instruction_config: 'Production', node_ids: [{ node_id: Buffer.from(host.keys.nodeId).toString('base64') }],
    canister_ranges: [{ start: raw(FIRST_ID), end: raw(LAST_ID) }],
  };
  return {
    subnet_configs: { [Principal.fromUint8Array(host.keys.subnetId).toText()]: subnet },
    default_effective_canister_id: raw(canisterId(host.subnet.state.nextNumber)),
  };
}

const WELCOME = 'An embedded Internet Computer. Agents talk to /api/v2/status and the rest of the HTTPS interface; a canister\'s pages are at /?canisterId=<id>.\n';
