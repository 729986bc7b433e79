import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { Host } from '../host.js';
import type { Incoming } from '../http/body.js';
import { CORS, HttpError, type Outgoing } from '../http/replies.js';
import { textOf } from '../subnet/principals.js';
import { addressOf, type Address } from './address.js';
import { askCanister, type PageRequest } from './canister-pages.js';
import { GatewayFailure, gatewayFailure, sendFailure } from './failure.js';
import { wholeOf } from './ranges.js';
import { trustedHeaders } from './verification.js';

interface Page {
  status: number;
  headers: [string, string][];
  body: Uint8Array;
  /** Of the whole, when it is known. */ length?: number;
  rest?: AsyncGenerator<Uint8Array>;
}

/** Of one connection and not of the page (RFC 9110 §7.6.1), or known better here. */
const OF_THE_CONNECTION = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'content-length',
];
const PREFLIGHT = {
  'access-control-allow-origin': CORS['access-control-allow-origin'],
  'access-control-allow-methods': 'HEAD, GET, POST, PUT, DELETE, PATCH',
  'access-control-allow-headers': '*',
  'access-control-max-age': '86400',
};

/** Serves canisters' web pages as ic-gateway does (HTTP gateway protocol). */
export async function handleGateway(host: Host, request: Incoming, response: Outgoing): Promise<void> {
  const told: Record<string, string> = {};
  try {
    const address = addressOf(request);
    if (address === undefined && request.method !== 'OPTIONS') throw new GatewayFailure('canister_id_not_resolved');
    if (address) told['x-ic-canister-id'] = textOf(address.canister);
    const page =
      request.method === 'OPTIONS'
        ? await preflight(host, address, request)
        : await pageOf(host, address!, await pageRequest(request));
    await sendPage(response, request.method === 'HEAD', page, told);
  } catch (thrown) {
    const failure = gatewayFailure(
      thrown instanceof HttpError && thrown.status === 413
        ? new GatewayFailure('client_body_too_large', thrown.message)
        : thrown,
    );
    if (!failure || response.headersSent) throw thrown;
    sendFailure(response, failure, /\btext\/html\b/.test(request.headers.accept ?? ''), told);
  }
}

/** @throws GatewayFailure `client_malformed_request` */
async function pageRequest(request: Incoming): Promise<PageRequest> {
  const headers = Object.entries(request.headers).map(([name, value]): [string, string] => [
    name,
    Array.isArray(value) ? value.join(', ') : (value ?? ''),
  ]);
  const wrong = headers.find(([, value]) => !/^[\t\x20-\x7e]*$/.test(value));
  if (wrong) throw new GatewayFailure('client_malformed_request', `The value of the header ${wrong[0]} is not ASCII.`);
  return {
    method: request.method ?? 'GET',
    url: request.url ?? '/',
    body: await request.body(),
    headers: headers
      .filter(([name]) => name !== 'x-request-id')
      .map(([name, value]) => [name, name === 'accept-encoding' ? withIdentity(value) : value]),
  };
}

/** Canisters certify bodies without encoding at least, so that is always among those accepted. */
function withIdentity(encodings: string): string {
  const list = encodings.split(',').map((one) => one.trim());
  return [...list, ...(list.some((one) => one.toLowerCase() === 'identity') ? [] : ['identity'])].join(', ');
}

async function pageOf(host: Host, { canister, certified }: Address, request: PageRequest): Promise<Page> {
  const answer = await askCanister(host, canister, request);
  const verify = certified && !answer.upgraded && !answer.rest;
  const page: Page = { ...answer, headers: verify ? trustedHeaders(host, canister, request, answer) : answer.headers };
  const asksForRange = request.headers.some(([name]) => name === 'range' || name === 'if-range');
  if (answer.status !== 206 || asksForRange) return page;
  return {
    ...page,
    ...wholeOf(host, canister, certified, request, answer),
    status: 200,
    headers: page.headers.filter(([name]) => name.toLowerCase() !== 'content-range'),
  };
}

/** A canister's own answer to a preflight, if it is one; else the gateway's, which allows everything. */
async function preflight(host: Host, address: Address | undefined, request: Incoming): Promise<Page> {
  const own =
    address &&
    (await pageOf(host, address, await pageRequest(request)).catch((thrown: unknown) => {
      if (!gatewayFailure(thrown)) throw thrown;
      return undefined;
    }));
  const isOne =
    own &&
    own.status >= 200 &&
    own.status < 300 &&
    own.body.length === 0 &&
    !own.rest &&
    own.headers.some(([name]) => name.toLowerCase() in PREFLIGHT);
  return isOne
    ? { ...own, headers: withMissing(own.headers, PREFLIGHT) }
    : { status: 204, headers: Object.entries(PREFLIGHT), body: new Uint8Array() };
}

async function sendPage(
  response: Outgoing,
  headOnly: boolean,
  page: Page,
  told: Record<string, string>,
): Promise<void> {
  const { status, body, rest } = page;
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of withMissing(page.headers, {
    'access-control-allow-origin': '*',
    'access-control-expose-headers': '*',
  })) {
    const lower = name.toLowerCase();
    if (OF_THE_CONNECTION.includes(lower)) continue;
    passable(name, value);
    headers[lower] = lower in headers ? [headers[lower]!, value].flat() : value;
  }
  if (status < 200 || status > 999)
    throw new GatewayFailure('backend_http_gateway', `Invalid canister response status code: ${status}`);
  const length = headOnly ? lengthTold(page) : (page.length ?? (rest ? undefined : body.length));
  const hasBody = status !== 204 && status !== 304;
  response.writeHead(status, {
    ...headers,
    ...told,
    ...(hasBody && length !== undefined && { 'content-length': String(length) }),
  });
  if (hasBody && !headOnly) {
    response.write(body);
    for await (const part of rest ?? []) response.write(part);
  }
  response.end();
}

/** What a canister says that the body would have, to who asks for the head only. */
function lengthTold({ headers, body, length, rest }: Page): number | undefined {
  const told = headers.find(
    ([name, value]) => name.toLowerCase() === 'content-length' && /^\d{1,15}$/.test(value),
  )?.[1];
  return length ?? (told === undefined ? (rest ? undefined : body.length) : Number(told));
}

function withMissing(headers: [string, string][], more: Record<string, string>): [string, string][] {
  const names = headers.map(([name]) => name.toLowerCase());
  return [...headers, ...Object.entries(more).filter(([name]) => !names.includes(name))];
}

/** @throws GatewayFailure for a header that HTTP does not allow */
function passable(name: string, value: string): void {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
  } catch (failure) {
    throw new GatewayFailure('backend_http_gateway', (failure as Error).message);
  }
}
