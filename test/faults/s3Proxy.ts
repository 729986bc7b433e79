import http from 'node:http';
import { MARK } from './orders.js';

/**
 * Stands between the workers and the object store. What an activity's requests meet is decided by `fate`: they pass;
 * they get status 500; or the connection is reset, in the middle of an answer's body where it has one.
 */
export class S3Proxy {
  private readonly server: http.Server;

  constructor(
    private readonly target: URL,
    private readonly fate: (mark: string) => 'pass' | 'error' | 'reset',
  ) {
    this.server = http.createServer((request, response) => this.pass(request, response));
  }

  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as { port: number }).port}`;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private pass(request: http.IncomingMessage, response: http.ServerResponse): void {
    const mark = request.headers[MARK];
    const fate = typeof mark === 'string' ? this.fate(mark) : 'pass';
    if (fate === 'error') {
      request.resume();
      response.writeHead(500, { 'content-type': 'application/xml' });
      response.end(
        request.method === 'HEAD'
          ? undefined
          : '<?xml version="1.0"?><Error><Code>InternalError</Code><Message>We encountered an internal error. ' +
              'Please try again.</Message></Error>',
      );
      return;
    }
    const { [MARK]: _, ...headers } = request.headers;
    const onward = http.request(
      { host: this.target.hostname, port: this.target.port, method: request.method, path: request.url, headers },
      (answer) => {
        const length = Number(answer.headers['content-length'] ?? 0);
        if (fate === 'reset' && (length < 2 || request.method === 'HEAD')) return void request.socket.resetAndDestroy();
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        if (fate === 'pass') return void answer.pipe(response);
        let passed = 0;
        answer.on('data', (piece: Buffer) => {
          const room = Math.floor(length / 2) - passed;
          passed += piece.length;
          response.write(piece.subarray(0, Math.max(room, 0)), () => {
            if (passed >= length / 2) request.socket.resetAndDestroy();
          });
        });
      },
    );
    // Named once: the store itself may be the one that is killed.
    onward.on('error', () => request.socket.destroy());
    request.pipe(onward);
  }
}
