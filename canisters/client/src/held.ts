import { CanisterError } from './errors.js';

/** What an answer may have, and how long it may take as a whole. */
export interface Held {
  /** A reply has at most 2 MiB, a certificate of a subnet a few; the protocol knows no longer answer. */
  bytes: number;
  /** No byte that comes renews it. The longest that a node takes is a synchronous call: some 10 s. */
  ms: number;
}
const HELD: Held = { bytes: 8 * 2 ** 20, ms: 60_000 };

/**
 * `fetch`, whose answers a node cannot make endless: their bytes, as unpacked, and their time are limited, and a
 * redirect is refused.
 */
export function heldFetch({ bytes, ms }: Held = HELD): typeof fetch {
  return async (input, init = {}) => {
    const late = AbortSignal.timeout(ms);
    const signal = init.signal ? AbortSignal.any([init.signal, late]) : late;
    const answer = await fetch(input, { ...init, signal, redirect: 'error' });
    if (answer.body === null) return answer;
    let received = 0;
    const limit = new TransformStream<Uint8Array, Uint8Array>({
      transform(piece, controller) {
        received += piece.length;
        if (received <= bytes) return controller.enqueue(piece);
        const host = new URL(answer.url).host;
        throw new CanisterError(
          'network',
          { host, bytes },
          `The answer of ${host} has more than ${bytes} bytes; ask another node.`,
        );
      },
    });
    const { status, statusText, headers } = answer;
    return new Response(answer.body.pipeThrough(limit), { status, statusText, headers });
  };
}
