import { innermost } from '@livepod/protocol';
import { PodError, reasonOf } from '../errors.js';

/**
 * Plain HTTP GET from the repository or any mirror of it: what comes back is believed only after its hash or signature.
 */
export class Fetcher {
  /**
   * @param base      the repository's address, e.g. the IC gateway
   * @param query     appended to each request, e.g. `canisterId=….raw`
   * @param timeoutMs for one request as a whole, so that a slow sender cannot hold an update up for ever
   */
  constructor(
    readonly base: string,
    readonly query: string,
    readonly timeoutMs = 20_000,
  ) {}

  /**
   * The body of `path`, or undefined where there is none.
   *
   * @param absent  the answers that say so: 404, and for a file that need not be there also 403, with which a bucket
   *   that may not be listed answers for what it does not have
   * @throws PodError `network` · `notTheRepository` (a page for people) · `tooLarge`: it is longer than `limit` bytes
   */
  async get(path: string, limit: number, absent: readonly number[] = [404]): Promise<Buffer | undefined> {
    const address = `${this.base.replace(/\/$/, '')}${path}${this.query ? `?${this.query}` : ''}`;
    try {
      const response = await fetch(address, { signal: AbortSignal.timeout(this.timeoutMs), redirect: 'manual' });
      if (absent.includes(response.status)) return undefined;
      if (response.status >= 300 && response.status < 400)
        throw notTheRepository(address, `${path} is redirected to ${response.headers.get('location') ?? 'elsewhere'}`);
      if (response.ok && isHtml(response)) throw notTheRepository(address, `${path} is answered with an HTML page`);
      if (!response.ok)
        throw new PodError(
          'network',
          { address, status: response.status },
          `${path} answers ${response.status}${isHtml(response) ? ' with an HTML page' : ''}; the pod tries again.`,
        );
      const body = await readWithin(response, limit, path);
      if (path.endsWith('.json') && /^\s*<(!doctype|html)/i.test(body.subarray(0, 200).toString('latin1')))
        throw notTheRepository(address, `${path} is answered with an HTML page`);
      return body;
    } catch (error) {
      if (error instanceof PodError) throw error;
      throw new PodError(
        'network',
        { address },
        `${path} cannot be fetched (${reasonOf(innermost(error))}); the pod tries again.`,
        { cause: error },
      );
    }
  }
}

const isHtml = (response: Response): boolean => /^text\/html\b/i.test(response.headers.get('content-type') ?? '');

/** Somebody between the pod and the repository answers in its place: a captive portal, a proxy, a wrong address. */
const notTheRepository = (address: string, what: string): PodError =>
  new PodError(
    'notTheRepository',
    { address },
    `${what}: a log-in page of the network (captive portal), a proxy, or an address that is not the repository's.`,
  );

/** Stops reading at the limit: an endless body costs no more than that (TUF 5.2: "endless data attack"). */
async function readWithin(response: Response, limit: number, path: string): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    length += part.length;
    if (length > limit)
      throw new PodError(
        'tooLarge',
        { path, limit },
        `${path} is longer than the ${limit} bytes it may have; the mirror is wrong.`,
      );
    parts.push(part);
  }
  return Buffer.concat(parts);
}
