import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { createHttpServer } from '../http/server.js';
import { Instance, PocketError, type InstanceConfig } from './instance.js';
import { parseJson, printJson } from './json.js';

const MAX_BODY = 1 << 30;

/**
 * The REST interface of the PocketIC server (crate `pocket-ic` 16.1), as far as one application subnet goes: what its
 * clients for Rust and JavaScript call. Everything is answered at once; nothing is ever left to be polled for.
 */
export class PocketServer {
  readonly #instances: (Instance | undefined)[] = [];
  readonly #gateways: (Server | undefined)[] = [];
  readonly #blobs = new Map<string, Uint8Array>();
  /** When the last request ended, or undefined while one is under way. Milliseconds. */
  idleSince: number | undefined = Date.now();
  #underWay = 0;

  readonly server = createServer((request, response) => {
    this.#underWay += 1;
    this.idleSince = undefined;
    response.on('close', () => {
      this.#underWay -= 1;
      if (this.#underWay === 0) this.idleSince = Date.now();
    });
    this.#handle(request, response).catch((failure: unknown) => {
      if (response.headersSent) response.destroy();
      else
        answer(response, failure instanceof PocketError ? failure.status : 500, {
          message: (failure as Error).message,
        });
    });
  });

  async listen(): Promise<number> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.server.close();
    for (const gateway of this.#gateways) gateway?.close();
    for (const instance of this.#instances) await instance?.close();
    this.server.closeAllConnections();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const path = pathname.replace(/^\/+|\/+$/g, '');
    const [, number, rest] = /^instances\/(\d+)(?:\/(.*))?$/.exec(path) ?? [];
    if (number !== undefined) return this.#ofInstance(Number(number), rest ?? '', request, response);
    switch (`${request.method} ${path}`) {
      case 'GET status':
        return answer(response, 200, null);
      case 'GET instances':
        return answer(
          response,
          200,
          this.#instances.map((one) => (one ? 'Available' : 'Deleted')),
        );
      case 'POST instances':
        return answer(response, 201, await this.#create((await json(request)) as InstanceConfig));
      case 'POST blobstore':
        return this.#store(request, response);
      case 'POST http_gateway':
        return answer(
          response,
          201,
          await this.#openGateway(
            (await json(request)) as { port?: number; forward_to?: { PocketIcInstance?: number } },
          ),
        );
      default:
    }
    const [, gateway] = /^http_gateway\/(\d+)\/stop$/.exec(path) ?? [];
    if (gateway === undefined || request.method !== 'POST')
      throw new PocketError(`There is no ${request.method} /${path} here.`, 404);
    this.#gateways[Number(gateway)]?.close();
    this.#gateways[Number(gateway)] = undefined;
    return answer(response, 200, null);
  }

  async #ofInstance(number: number, path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const instance = this.#instances[number];
    if (!instance) throw new PocketError(`There is no instance ${number}.`, 404);
    if (path.startsWith('api/')) {
      request.url = `/${path}`;
      instance.server.emit('request', request, response);
      return undefined;
    }
    if (request.method === 'DELETE' && path === '') {
      this.#instances[number] = undefined;
      await instance.close();
      return answer(response, 200, null);
    }
    const action = instance.actions[`${request.method} ${path}`];
    if (!action) throw new PocketError(`This host has no ${request.method} /instances/${number}/${path}.`, 404);
    return answer(response, 200, await action((await json(request)) as never, this.#blobs));
  }

  async #create(config: InstanceConfig): Promise<unknown> {
    try {
      const instance = new Instance(config);
      const instance_id = this.#instances.push(instance) - 1;
      const http_gateway_info = config.http_gateway_config
        ? await this.#listen(instance_id, config.http_gateway_config.port)
        : null;
      return { Created: { instance_id, topology: instance.topology(), http_gateway_info } };
    } catch (failure) {
      return { Error: { message: (failure as Error).message } };
    }
  }

  async #openGateway({
    port,
    forward_to,
  }: {
    port?: number;
    forward_to?: { PocketIcInstance?: number };
  }): Promise<unknown> {
    const number = forward_to?.PocketIcInstance;
    if (number === undefined || !this.#instances[number])
      return { Error: { message: `There is no instance ${String(number)} for the gateway.` } };
    try {
      return { Created: await this.#listen(number, port) };
    } catch (failure) {
      return { Error: { message: (failure as Error).message } };
    }
  }

  async #listen(instance: number, port = 0): Promise<{ instance_id: number; port: number }> {
    const gateway = createHttpServer(this.#instances[instance]!.host);
    gateway.listen(port, '127.0.0.1');
    await once(gateway, 'listening');
    return { instance_id: this.#gateways.push(gateway) - 1, port: (gateway.address() as AddressInfo).port };
  }

  async #store(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const sent = await body(request);
    const content = new Uint8Array(request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent);
    const id = createHash('sha256').update(content).digest('hex');
    this.#blobs.set(id, content);
    response.writeHead(200, { 'content-type': 'text/plain' }).end(id);
  }
}

function answer(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(printJson(value));
}

async function json(request: IncomingMessage): Promise<unknown> {
  try {
    return parseJson((await body(request)).toString());
  } catch (cause) {
    throw cause instanceof PocketError ? cause : new PocketError(`The body is no JSON: ${(cause as Error).message}`);
  }
}

async function body(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > MAX_BODY) throw new PocketError(`A request has at most ${MAX_BODY} bytes.`, 413);
    parts.push(part);
  }
  return Buffer.concat(parts);
}
