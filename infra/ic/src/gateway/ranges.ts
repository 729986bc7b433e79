import type { Host } from '../host.js';
import type { Id } from '../subnet/principals.js';
import { askCanister, type Answer, type PageRequest } from './canister-pages.js';
import { GatewayFailure } from './failure.js';
import { trustedHeaders } from './verification.js';

const MOST_RANGES = 1000;

interface Range {
  first: number;
  last: number;
  whole: number;
}

/**
 * What a canister gives in ranges although it was asked for the whole is put together, each range verified by itself:
 * so large assets are served certified (ic-http-gateway: 206 responses).
 *
 * @param start  the first answer, of status 206
 * @returns the length of the whole, and what comes after the first answer's body
 * @throws GatewayFailure `backend_http_gateway` for ranges that do not fit each other · `backend_response_verification`
 */
export function wholeOf(
  host: Host,
  canister: Id,
  certified: boolean,
  request: PageRequest,
  start: Answer,
): { length: number; rest: AsyncGenerator<Uint8Array> } {
  if (start.rest) throw new GatewayFailure('backend_http_gateway', 'A 206 response may not be streamed.');
  const { first, last, whole } = rangeOf(start, 0);
  return { length: whole, rest: following(host, canister, certified, request, last - first + 1, whole) };
}

async function* following(
  host: Host,
  canister: Id,
  certified: boolean,
  request: PageRequest,
  had: number,
  whole: number,
): AsyncGenerator<Uint8Array> {
  for (let count = 0, reached = had; reached < whole; count += 1) {
    if (count === MOST_RANGES)
      throw new GatewayFailure('backend_http_gateway', `The whole did not come within ${MOST_RANGES} ranges.`);
    const asked: PageRequest = { ...request, headers: [...request.headers, ['range', `bytes=${reached}-`]] };
    const answer = await askCanister(host, canister, asked);
    const { first, last } = rangeOf(answer, reached);
    if (answer.rest) throw new GatewayFailure('backend_http_gateway', 'A 206 response may not be streamed.');
    if (certified) trustedHeaders(host, canister, asked, answer);
    yield answer.body.subarray(reached - first);
    reached = last + 1;
  }
}

function rangeOf({ headers }: Answer, reached: number): Range {
  const text = headers.find(([name]) => name.toLowerCase() === 'content-range')?.[1];
  const [first, last, whole] =
    /^bytes (\d+)-(\d+)\/(\d+)$/
      .exec(text?.trim() ?? '')
      ?.slice(1)
      .map(Number) ?? [];
  if (
    first === undefined ||
    last === undefined ||
    whole === undefined ||
    last >= whole ||
    first > reached ||
    last < reached
  ) {
    throw new GatewayFailure(
      'backend_http_gateway',
      `After ${reached} bytes a 206 response cannot have the content-range ${text ?? '(none)'}.`,
    );
  }
  return { first, last, whole };
}
