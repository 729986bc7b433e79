/** A server in an object store's place, which answers as each test says. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ObjectStore, type ObjectStoreConfig } from './objects.js';

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export class Answering {
  answer: Answer = (_, response) => void response.writeHead(404).end();
  /** What was asked: `GET /bucket/key`. */
  asked: string[] = [];
  /** Headers and body of the latest question. */
  latest: { headers: IncomingMessage['headers']; body: string } = { headers: {}, body: '' };

  private constructor(private readonly server: Server) {}

  static async start(): Promise<Answering> {
    const made = createServer();
    const answering = new Answering(made);
    made.on('request', (request, response) => void answering.take(request, response));
    await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
    return answering;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  store(config: Partial<ObjectStoreConfig> = {}): ObjectStore {
    const keys = { accessKeyId: 'a', secretAccessKey: 'b' };
    return new ObjectStore({ endpoint: this.endpoint, region: 'us-east-1', bucket: 'livepod', ...keys, ...config });
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.asked.push(`${request.method} ${request.url}`);
    response.on('error', () => {});
    const body: Buffer[] = [];
    for await (const piece of request) body.push(piece as Buffer);
    this.latest = { headers: request.headers, body: Buffer.concat(body).toString() };
    this.answer(request, response);
  }
}
