import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { HttpError } from './replies.js';

/** Milliseconds. Longer than clients keep idle connections, so that none sends into one that is being closed. */
export const KEEP_ALIVE = 120_000;
const MAX_BODY = 5 << 20;

/** A request, whichever thread its connection belongs to. */
export interface Incoming {
  method?: string;
  url?: string;
  headers: IncomingHttpHeaders;
  /** @throws HttpError 413 */
  body(): Promise<Uint8Array>;
}

/** Reads a body; what is beyond the limit is read and thrown away, so that the client gets to see why. */
export function bodyOf(request: IncomingMessage): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let size = 0;
    request.on('data', (part: Buffer) => {
      size += part.length;
      if (size <= MAX_BODY) parts.push(part);
      else parts.length = 0;
    });
    request.on('end', () => {
      if (size > MAX_BODY) reject(new HttpError(413, `A request has at most ${MAX_BODY} bytes, not ${size}.`));
      else resolve(joined(parts, size));
    });
    request.on('error', reject);
  });
}

function joined(parts: Buffer[], size: number): Uint8Array {
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
