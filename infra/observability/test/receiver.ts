import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Span {
  service: string;
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId: string;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: Record<string, string | number | boolean>;
}

type Value = { stringValue?: string; intValue?: number | string; doubleValue?: number; boolValue?: boolean };
interface Sent {
  resourceSpans: {
    resource: { attributes: { key: string; value: Value }[] };
    scopeSpans: { spans: (Omit<Span, 'service' | 'attributes'> & { attributes: { key: string; value: Value }[] })[] }[];
  }[];
}

/** Takes spans as a collector does (OTLP over HTTP, JSON) and keeps them. */
export class Receiver {
  readonly spans: Span[] = [];
  /** Everything that was sent, as it came. */
  text = '';

  private constructor(private readonly server: Server) {}

  static async open(): Promise<Receiver> {
    const server = createServer();
    const receiver = new Receiver(server);
    server.on('request', (request, response) => {
      const pieces: Buffer[] = [];
      request
        .on('data', (piece: Buffer) => void pieces.push(piece))
        .on('end', () => {
          const text = Buffer.concat(pieces).toString();
          receiver.text += text;
          if (request.url === '/v1/traces') receiver.take(JSON.parse(text) as Sent);
          response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
        });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private take({ resourceSpans }: Sent): void {
    for (const { resource, scopeSpans } of resourceSpans) {
      const service = String(plain(resource.attributes)['service.name']);
      for (const span of scopeSpans.flatMap(({ spans }) => spans))
        this.spans.push({
          ...span,
          service,
          parentSpanId: span.parentSpanId ?? '',
          attributes: plain(span.attributes),
        });
    }
  }
}

const plain = (attributes: { key: string; value: Value }[]): Span['attributes'] =>
  Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      value.stringValue ?? value.boolValue ?? Number(value.intValue ?? value.doubleValue),
    ]),
  );
