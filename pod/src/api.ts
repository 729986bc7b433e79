import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Pod } from './pod.js';

/** The pod's local window, on loopback alone: `GET /status`. Resolves with its address. */
export function serveApi(pod: Pod, id: string, port: number): Promise<{ address: string; server: Server }> {
  const server = createServer((request, response) => {
    const found = request.method === 'GET' && request.url === '/status';
    response.writeHead(found ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(found ? { id, ...pod.status() } : { message: 'This pod answers GET /status.' }));
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () =>
      resolve({ address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server }),
    );
  });
}
