import { request as plain, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as secure } from 'node:https';
import { headerFault, type HttpHeader, type Outcall, type OutcallOutcome } from './subnet/outcalls.js';
import { SYS_FATAL, SYS_TRANSIENT } from './subnet/reject.js';

const PATIENCE = 30_000;
/** Bytes of a response's head that are read, to say what is wrong with it. */
const MOST_PARSED = 256 << 10;
const LOOPBACK = /^(localhost|[a-z0-9-]+\.localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/**
 * Makes a canister's HTTP request, as the adapter of a node does, to servers on this machine only. It follows no
 * redirects. TLS certificates are checked; NODE_EXTRA_CA_CERTS names a test authority's.
 */
export function performOutcall(outcall: Outcall): Promise<OutcallOutcome> {
  if (!URL.canParse(outcall.url) || !/^[\x21-\x7e]+$/.test(outcall.url)) {
    return Promise.resolve({ code: SYS_FATAL, message: `Failed to parse URL: ${outcall.url.slice(0, 100)}` });
  }
  const url = new URL(outcall.url);
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    return Promise.resolve({ code: SYS_FATAL, message: 'Url need to specify https scheme' });
  if (!LOOPBACK.test(url.hostname)) {
    return Promise.resolve(unreachable(url, 'this host makes outcalls to loopback addresses only'));
  }
  return send(outcall, url);
}

function unreachable(url: URL, why: string): OutcallOutcome {
  return {
    code: SYS_TRANSIENT,
    message: `Connecting to ${url.hostname.slice(0, 50)} failed: Failed to directly connect: ${why}`,
  };
}

function send(outcall: Outcall, url: URL): Promise<OutcallOutcome> {
  const { method, body, maxResponseBytes } = outcall;
  const headers = outcall.headers.flatMap(({ name, value }) => [name, value]);
  if (!outcall.headers.some(({ name }) => name.toLowerCase() === 'user-agent')) headers.push('user-agent', 'ic/1.0');
  if (!outcall.headers.some(({ name }) => name.toLowerCase() === 'host')) headers.push('host', url.host);
  if (body && !outcall.headers.some(({ name }) => name.toLowerCase() === 'content-length'))
    headers.push('content-length', String(body.length));
  return new Promise((resolve) => {
    const options: RequestOptions = {
      method,
      headers,
      agent: false,
      timeout: PATIENCE,
      maxHeaderSize: MOST_PARSED,
      family: url.hostname.endsWith('localhost') ? 4 : undefined,
    };
    if (url.hostname.endsWith('localhost'))
      options.lookup = (_, __, found) => found(null, [{ address: '127.0.0.1', family: 4 }] as never, 4);
    const open = (url.protocol === 'https:' ? secure : plain)(url, options, (response) => {
      void receive(response, maxResponseBytes).then(resolve);
    });
    open.on('timeout', () => open.destroy(new Error('Timeout expired')));
    open.on('error', (cause) => resolve(unreachable(url, cause.message)));
    open.end(body);
  });
}

async function receive(response: IncomingMessage, most: number): Promise<OutcallOutcome> {
  const headers: HttpHeader[] = [];
  for (let at = 0; at + 1 < response.rawHeaders.length; at += 2)
    headers.push({ name: response.rawHeaders[at]!.toLowerCase(), value: response.rawHeaders[at + 1]! });
  const left =
    most - headers.reduce((sum, { name, value }) => sum + Buffer.byteLength(name) + Buffer.byteLength(value), 0);
  if (left < 0) {
    response.destroy();
    return { code: SYS_FATAL, message: `Header size exceeds specified response size limit ${most}` };
  }
  const fault = headerFault(headers);
  if (fault) {
    response.destroy();
    return { code: SYS_FATAL, message: fault };
  }
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of response as AsyncIterable<Buffer>) {
      bytes += part.length;
      if (bytes > left) return { code: SYS_FATAL, message: `Http body exceeds size limit of ${most} bytes.` };
      parts.push(part);
    }
  } catch (cause) {
    return { code: SYS_TRANSIENT, message: `Failed to fetch body: ${(cause as Error).message}` };
  }
  return { status: response.statusCode!, headers, body: new Uint8Array(Buffer.concat(parts)) };
}
