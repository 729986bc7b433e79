import { PodError } from '../errors.js';

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
   * The body of `path`, or undefined for 404. @throws PodError `network` · `tooLarge` when it is longer than `limit`
   * bytes
   */
  async get(path: string, limit: number): Promise<Buffer | undefined> {
    const address = `${this.base.replace(/\/$/, '')}${path}${this.query ? `?${this.query}` : ''}`;
    try {
      const response = await fetch(address, { signal: AbortSignal.timeout(this.timeoutMs), redirect: 'error' });
      if (response.status === 404) return undefined;
      if (!response.ok)
        throw new PodError(
          'network',
          { address, status: response.status },
          `${path} answers ${response.status}; the pod tries again.`,
        );
      return await readWithin(response, limit, path);
    } catch (error) {
      if (error instanceof PodError) throw error;
      throw new PodError(
        'network',
        { address },
        `${path} cannot be fetched (${(error as Error).message}); the pod tries again.`,
        { cause: error },
      );
    }
  }
}

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
