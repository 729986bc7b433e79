import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PodError, codeOf, type PodErrorCode } from '../errors.js';
import type { Pod } from '../pod.js';
import { troubleOf } from '../trouble.js';
import { knowsToken } from './access.js';
import { Answers } from './answers.js';
import { bodyOf, fromThisDevice } from './guard.js';

const STATUSES: Readonly<Partial<Record<PodErrorCode, number>>> = {
  badRequest: 400,
  noToken: 401,
  notLoopback: 403,
  unknownAnswer: 404,
  unknownPath: 404,
  wrongMethod: 405,
  answerIsOld: 409,
  alreadyJudged: 409,
  bodyTooLarge: 413,
  notJson: 415,
  noModel: 503,
};
/** A program on the same device has sent its request by then, milliseconds. */
const REQUEST_MS = 10_000;

/**
 * The pod's local window, on loopback alone, for those who have the token: `GET /status`, `POST /infer`,
 * `POST /feedback`. Errors are `{code, origin, message, remedy}`.
 *
 * @param window.id  the pod's principal
 * @returns its address
 * @throws PodError `portTaken`
 */
export async function serveApi(
  pod: Pod,
  { id, port, token }: { id: string; port: number; token: string },
): Promise<{ address: string; server: Server }> {
  const answers = new Answers(pod);
  const routes: Record<string, { method: string; answer: (request: IncomingMessage) => unknown }> = {
    '/status': { method: 'GET', answer: () => ({ id, ...pod.status() }) },
    '/infer': { method: 'POST', answer: async (request) => answers.infer(await bodyOf(request)) },
    '/feedback': { method: 'POST', answer: async (request) => answers.feedback(await bodyOf(request)) },
  };

  async function answer(request: IncomingMessage): Promise<unknown> {
    fromThisDevice(request);
    knowsToken(request, token);
    const path = (request.url ?? '').split('?')[0] ?? '';
    const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
    if (!route)
      throw new PodError('unknownPath', { path }, 'This pod answers GET /status, POST /infer and POST /feedback.');
    if (request.method !== route.method)
      throw new PodError('wrongMethod', { path }, `${path} is asked with ${route.method}.`);
    return route.answer(request);
  }

  const server = createServer((request, response) => {
    answer(request).then(
      (found) => send(response, 200, found),
      (error: unknown) => {
        send(response, (error instanceof PodError && STATUSES[error.code]) || 500, troubleOf(error));
        request.destroy();
      },
    );
  });
  server.requestTimeout = REQUEST_MS;
  await listening(server, port);
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'x-content-type-options': 'nosniff',
    ...(status === 200 ? {} : { connection: 'close' }),
    ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
  });
  response.end(JSON.stringify(body));
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      if (!['EADDRINUSE', 'EACCES'].includes(codeOf(cause))) return reject(cause);
      reject(
        new PodError(
          'portTaken',
          { port },
          `Port ${port} is ${codeOf(cause) === 'EACCES' ? 'not for everybody' : 'taken by another program'}; choose ` +
            'another --port, or leave it out.',
          { cause },
        ),
      );
    });
    server.listen(port, '127.0.0.1', resolve);
  });
}
