import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { KeyRing } from '../keyRing.js';
import { LivepodCodec } from '../payloads.js';
import { Authentication, may, type Reader, type Trust } from './authentication.js';
import { Buckets, type Rate } from './buckets.js';
import { Counts, type Access } from './log.js';
import { operatorPage, signedIn } from './operatorHtml.js';
import { decode, encode, readPayloads } from './payloads.js';

export interface CodecServerOptions {
  ring: KeyRing;
  trust: Trust;
  /** Origins of UIs, exact: scheme, host, port. */
  origins: readonly string[];
  host: string;
  port: number;
  /** Where browsers find it; default: `http://host:port/codec`. An https address makes the session cookie `Secure`. */
  url?: string;
  rate?: Rate;
  /** Most bytes of a request's body; default 8 MiB, four of Temporal's largest payloads in base64. */
  bodyLimit?: number;
  /** A file with what the operator's page offers. */
  page?: string;
  log: (access: Access) => void;
}

export interface CodecServer {
  /** For browsers. */
  url: string;
  /** What it listens on. */
  port: number;
  close(): Promise<void>;
}

/** A refusal: its status, a word for the log, a sentence for the person. */
class Refused extends Error {
  constructor(
    readonly status: number,
    readonly why: string,
    message: string,
    readonly headers: Record<string, string> = {},
  ) {
    super(message);
  }
}

const COOKIE = 'livepod_session';
const RATE: Rate = { burst: 600, perSecond: 60 };
/** For those who have not shown who they are, per address. */
const STRANGERS: Rate = { burst: 30, perSecond: 2 };

/**
 * Starts the codec server: what the Temporal UI asks to encrypt inputs and to decrypt what it shows. Whoever may ask it
 * can read everything, so it asks who they are each time.
 */
export async function serve(options: CodecServerOptions): Promise<CodecServer> {
  const handler = new Requests(options, await Authentication.open(options.trust));
  const server = createServer((request, response) => void handler.handle(request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  handler.url = new URL(options.url ?? `http://${options.host}:${port}/codec`);
  return { url: handler.url.href, port, close: () => closed(server) };
}

class Requests {
  url!: URL;
  private readonly codec: LivepodCodec;
  private readonly known: Buckets;
  private readonly strangers = new Buckets(STRANGERS);
  private readonly counts = new Counts();

  constructor(
    private readonly options: CodecServerOptions,
    private readonly authentication: Authentication,
  ) {
    this.codec = new LivepodCodec(options.ring);
    this.known = new Buckets(options.rate ?? RATE);
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const since = performance.now();
    const { pathname: asked, searchParams } = new URL(request.url ?? '/', 'http://codec');
    const pathname = this.below(asked);
    const access: Access = {
      status: 500,
      method: request.method ?? '',
      path: pathname,
      address: request.socket.remoteAddress ?? '',
      origin: request.headers.origin,
      ms: 0,
    };
    try {
      response
        .setHeader('Cache-Control', 'no-store')
        .setHeader('X-Content-Type-Options', 'nosniff')
        .setHeader('Referrer-Policy', 'no-referrer');
      this.allowOrigin(request, response);
      await this.answer(request, response, pathname, searchParams, access);
    } catch (error) {
      const refused =
        error instanceof Refused
          ? error
          : new Refused(500, (error as Error).name, 'The codec server failed; its log says where.');
      access.why = refused.why;
      for (const [name, value] of Object.entries(refused.headers)) response.setHeader(name, value);
      send(response, refused.status, 'application/json', JSON.stringify({ message: refused.message }));
    }
    access.status = response.statusCode;
    access.ms = Math.round(performance.now() - since);
    this.counts.add(access);
    if (pathname !== '/health' && pathname !== '/metrics') this.options.log(access);
  }

  /** A path without that of our address: proxies may have taken it off. */
  private below(path: string): string {
    const prefix = this.url.pathname.replace(/\/$/, '');
    return path === prefix || path.startsWith(`${prefix}/`) ? path.slice(prefix.length) || '/' : path;
  }

  private async answer(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    query: URLSearchParams,
    access: Access,
  ): Promise<void> {
    switch (`${request.method} ${path}`) {
      case 'OPTIONS /encode':
      case 'OPTIONS /decode':
        response
          .writeHead(204, {
            'Access-Control-Allow-Methods': 'POST, OPTIONS',
            'Access-Control-Allow-Headers': 'content-type, x-namespace, authorization, authorization-extras',
            'Access-Control-Max-Age': '600',
          })
          .end();
        return;
      case 'POST /encode':
      case 'POST /decode':
        return this.convert(path === '/encode' ? 'encode' : 'decode', request, response, access);
      case 'GET /signin':
        return this.signIn(query.get('token') ?? '', response, access);
      case 'GET /': {
        const reader = await this.reader(request, access).catch(() => undefined);
        const nonce = asPage(response);
        return send(response, 200, 'text/html; charset=utf-8', await operatorPage(this.options.page, reader, nonce));
      }
      case 'GET /health':
        return send(
          response,
          200,
          'application/json',
          JSON.stringify({ ready: true, namespace: this.options.ring.namespace }),
        );
      case 'GET /metrics':
        return send(response, 200, 'text/plain; version=0.0.4', this.counts.text);
      default:
        throw new Refused(
          404,
          'noSuchPath',
          'There is /encode, /decode, /signin, /health, /metrics and the operator’s page at /.',
        );
    }
  }

  private async convert(
    action: 'encode' | 'decode',
    request: IncomingMessage,
    response: ServerResponse,
    access: Access,
  ): Promise<void> {
    const reader = await this.reader(request, access);
    const { ring } = this.options;
    const namespace = String(request.headers['x-namespace'] ?? '');
    access.namespace = namespace;
    const served = namespace === ring.namespace || (action === 'decode' && ring.shares(namespace));
    if (!served)
      throw new Refused(
        403,
        'namespaceNotServed',
        `This codec server does not ${action} for namespace ${namespace || '(none; set X-Namespace)'}.`,
      );
    if (!may(reader, action, namespace))
      throw new Refused(
        403,
        'notPermitted',
        `${reader.subject} may not ${action} payloads of namespace ${namespace}; the token would have to ` +
          `permit ${namespace}:${action === 'decode' ? 'read' : 'write'}.`,
      );

    const payloads = readPayloads(await this.body(request));
    if (!payloads)
      throw new Refused(
        400,
        'badBody',
        'The body has to be {"payloads": [{"metadata": {…}, "data": "…"}]} with bytes in base64.',
      );
    const {
      payloads: converted,
      unread,
      keys,
    } = (action === 'encode' ? encode : decode)(this.codec, payloads, namespace);
    Object.assign(access, { payloads: payloads.length, keys }, Object.keys(unread).length > 0 ? { unread } : {});
    send(response, 200, 'application/json', JSON.stringify({ payloads: converted }));
  }

  private async signIn(token: string, response: ServerResponse, access: Access): Promise<void> {
    const reader = await this.authenticated(token, access);
    const seconds = Math.max(0, Math.floor(reader.expires - Date.now() / 1000));
    // Cookies know no ports: the path keeps the session from the Temporal UI on the same host.
    response.setHeader(
      'Set-Cookie',
      `${COOKIE}=${token}; Path=${this.url.pathname}; Max-Age=${seconds}; HttpOnly; ` +
        `SameSite=Strict${this.url.protocol === 'https:' ? '; Secure' : ''}`,
    );
    const nonce = asPage(response);
    send(response, 200, 'text/html; charset=utf-8', signedIn(nonce, this.url.href));
  }

  /**
   * Who asks: by bearer token, or by the session's cookie; a browser that sends the cookie has to come from a known
   * origin (`allowOrigin`).
   */
  private async reader(request: IncomingMessage, access: Access): Promise<Reader> {
    const bearer = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    const cookie = new RegExp(`(?:^|;\\s*)${COOKIE}=([^;]+)`).exec(request.headers.cookie ?? '')?.[1];
    if (!bearer && request.method === 'POST' && !request.headers.origin) return this.authenticated('', access);
    const reader = await this.authenticated(bearer ?? cookie ?? '', access);
    const wait = this.known.take(reader.subject);
    if (wait > 0)
      throw new Refused(429, 'tooMany', `Too many requests by ${reader.subject}; wait ${wait} s.`, {
        'Retry-After': String(wait),
      });
    return reader;
  }

  private async authenticated(token: string, access: Access): Promise<Reader> {
    const reader = token === '' ? 'noToken' : await this.authentication.read(token);
    if (typeof reader !== 'string') {
      access.subject = reader.subject;
      return reader;
    }
    const wait = this.strangers.take(access.address);
    if (wait > 0)
      throw new Refused(429, 'tooMany', `Too many requests without a good token; wait ${wait} s.`, {
        'Retry-After': String(wait),
      });
    throw new Refused(
      401,
      reader,
      'Sign in first, with the link that npm start printed (livepod codec signin makes another), or send a ' +
        'bearer token.',
      { 'WWW-Authenticate': 'Bearer' },
    );
  }

  /** A page of any other origin is refused whatever it sends, so that no site can use an operator's session. */
  private allowOrigin({ headers: { origin } }: IncomingMessage, response: ServerResponse): void {
    response.setHeader('Vary', 'Origin');
    if (origin === undefined) return;
    if (origin !== this.url.origin && !this.options.origins.includes(origin))
      throw new Refused(403, 'wrongOrigin', `Pages of ${origin} may not use this codec server.`);
    response.setHeader('Access-Control-Allow-Origin', origin).setHeader('Access-Control-Allow-Credentials', 'true');
  }

  private async body(request: IncomingMessage): Promise<string> {
    const limit = this.options.bodyLimit ?? 8 * 2 ** 20;
    const tooLarge = (): Refused =>
      new Refused(413, 'tooLarge', `The body has more than ${limit} bytes.`, { Connection: 'close' });
    if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge();
    const pieces: Buffer[] = [];
    let size = 0;
    for await (const piece of request as AsyncIterable<Buffer>) {
      if ((size += piece.length) > limit) throw tooLarge();
      pieces.push(piece);
    }
    return Buffer.concat(pieces).toString('utf8');
  }
}

/** What a page of ours may load: nothing but its own style and script. @returns the nonce of both */
function asPage(response: ServerResponse): string {
  const nonce = randomBytes(16).toString('base64');
  response.setHeader(
    'Content-Security-Policy',
    `default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'; frame-ancestors 'none'; ` +
      "base-uri 'none'; form-action 'none'",
  );
  return nonce;
}

function send(response: ServerResponse, status: number, type: string, text: string): void {
  response.writeHead(status, { 'Content-Type': type }).end(text);
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
