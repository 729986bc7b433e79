import type { IncomingMessage } from 'node:http';
import { PodError } from '../errors.js';

/** What a request's body may have, bytes: a window of a minute at 1 kHz and a dozen channels. */
export const LARGEST_BODY = 8 * 1024 * 1024;

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]']);

/**
 * Refuses a request that a web page made: by its name for this address (DNS rebinding: `Host` is then the page's own),
 * or from its own origin.
 *
 * @throws PodError `notLoopback`
 */
export function fromThisDevice({ headers }: IncomingMessage): void {
  const { host, origin } = headers;
  if (!LOOPBACK.has(hostIn(`http://${host}`)) || (origin !== undefined && !LOOPBACK.has(hostIn(origin))))
    throw new PodError(
      'notLoopback',
      { host, origin },
      `This pod answers programs on its own device, at 127.0.0.1; the request says ${origin ?? host ?? 'no host'}.`,
    );
}

function hostIn(address: string): string {
  try {
    return new URL(address).hostname;
  } catch {
    return '';
  }
}

/**
 * A request's body, which is one JSON object.
 *
 * @throws PodError `notJson` · `bodyTooLarge` · `badRequest`
 */
export async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  const type = request.headers['content-type'] ?? '';
  if (!/^application\/json\s*(;|$)/i.test(type))
    throw new PodError('notJson', { type }, `The content type must be application/json, not "${type}".`);
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > LARGEST_BODY)
      throw new PodError('bodyTooLarge', {}, `The body is longer than ${LARGEST_BODY} bytes; send one window.`);
    parts.push(part);
  }
  let body: unknown;
  try {
    body = JSON.parse(Buffer.concat(parts).toString('utf8'));
  } catch (cause) {
    throw badRequest(`The body is no JSON (${(cause as Error).message}).`);
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw badRequest('The body is no JSON object.');
  return body as Record<string, unknown>;
}

export const badRequest = (message: string): PodError => new PodError('badRequest', {}, message);
