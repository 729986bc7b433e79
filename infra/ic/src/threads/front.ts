import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { bodyOf, KEEP_ALIVE } from '../http/body.js';
import { refusal, send, sendText } from '../http/replies.js';
import type { Counted, FromFront, FrontData, ToFront } from './messages.js';
import { QueryPool } from './query-pool.js';

/**
 * The thread that HTTP comes in by: it hands queries to threads of their own and everything else to the thread that
 * executes. So a long message keeps neither queries nor the status waiting.
 */
const { port, queryThread, threads, plain: plainAtFirst, ...data } = workerData as FrontData;
const QUERY = /^\/api\/v[23]\/canister\/([a-z0-9-]+)\/query$/;
const pool = new QueryPool(queryThread, data, threads);
const READ_STATE = /^\/api\/v[23]\/(?:canister|subnet)\/([a-z0-9-]+)\/read_state$/;
const open = new Map<number, ServerResponse>();
/** Milliseconds after which the executing thread counts as busy with a long message. */
const BUSY = 100;
let next = 0;
let plain = plainAtFirst;
let status: Uint8Array | undefined;

/** Not told at once, but before anything that could ask for it. */
let counted: Counted[] = [];
const LEAST_OFTEN = 1000;
pool.onCounted = (more) => void counted.push(...more);
pool.onPrinted = (canister, line) => parentPort!.postMessage({ kind: 'printed', canister, line } satisfies FromFront);
setInterval(tellCounted, LEAST_OFTEN).unref();

function tellCounted(): void {
  if (counted.length > 0) parentPort!.postMessage({ kind: 'counted', counted } satisfies FromFront);
  counted = [];
}

const server = createServer((request, response) => {
  answer(request, response).catch((failure: unknown) => {
    const { status: code, text } = refusal(failure);
    if (!response.headersSent) sendText(response, code, text);
  });
});
server.keepAliveTimeout = KEEP_ALIVE;
server.on('error', (failure) =>
  parentPort!.postMessage({ kind: 'failed', message: failure.message } satisfies FromFront),
);
server.listen(port, '127.0.0.1', () => {
  parentPort!.postMessage({ kind: 'listening', port: (server.address() as AddressInfo).port } satisfies FromFront);
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = 'GET', url = '/', headers } = request;
  if (plain && status && method === 'GET' && url === '/api/v2/status')
    return send(response, 200, 'application/cbor', status);
  const body = await bodyOf(request);
  const [, effective] = (plain && method === 'POST' && QUERY.exec(url)) || [];
  const [, reading] = (plain && method === 'POST' && READ_STATE.exec(url)) || [];
  if (reading !== undefined) {
    const kept = body.slice();
    return forward(method, url, headers, body, response, async () => {
      const answered = await pool.ask('read_state', reading, kept);
      return 'meanwhile' in answered ? answered.meanwhile : undefined;
    });
  }
  if (effective === undefined) return forward(method, url, headers, body, response);
  const answered = await pool.ask('query', effective, body);
  if (answered instanceof Uint8Array) return send(response, 200, 'application/cbor', answered);
  if (!('elsewhere' in answered)) return sendText(response, answered.status, answered.text);
  return forward(method, url, headers, body, response, answered.meanwhile && (async () => answered.meanwhile));
}

/** @param meanwhile  what is answered when the executing thread is busy */
function forward(
  method: string,
  url: string,
  headers: IncomingMessage['headers'],
  body: Uint8Array,
  response: ServerResponse,
  meanwhile?: () => Promise<Uint8Array | undefined>,
): void {
  tellCounted();
  const id = next++;
  open.set(id, response);
  parentPort!.postMessage({ kind: 'request', id, method, url, headers, body } satisfies FromFront, [
    body.buffer as ArrayBuffer,
  ]);
  if (!meanwhile) return;
  setTimeout(() => {
    if (open.has(id))
      void meanwhile().then((answered) => {
        if (answered && !response.headersSent && open.delete(id)) send(response, 200, 'application/cbor', answered);
      });
  }, BUSY);
}

parentPort!.on('message', (message: ToFront) => {
  switch (message.kind) {
    case 'round':
      ({ status } = message);
      return pool.apply(message);
    case 'clock':
      return pool.apply(message);
    case 'plain':
      ({ plain } = message);
      return undefined;
    case 'head':
      return void open.get(message.id)?.writeHead(message.status, message.headers);
    case 'data':
      return void open.get(message.id)?.write(message.part);
    case 'end':
      open.get(message.id)?.end(message.part);
      return void open.delete(message.id);
    case 'cut':
      open.get(message.id)?.destroy();
      return void open.delete(message.id);
    case 'close':
      server.close();
  }
});
