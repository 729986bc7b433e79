import { Transform, type Readable, type TransformCallback } from 'node:stream';
import { TransferError } from './errors.js';

/** How a body must come on the whole: the time that it has follows from its bytes, and no byte that comes renews it. */
export interface Pace {
  /** Before the first byte counts. */
  graceMs: number;
  bytesPerSecond: number;
}
/** A line that is slower than a mobile one of twenty years ago. */
export const PACE: Pace = { graceMs: 30_000, bytesPerSecond: 16 * 1024 };

/** How long `bytes` may take. */
export const timeFor = (bytes: number, { graceMs, bytesPerSecond }: Pace): number =>
  graceMs + (bytes / bytesPerSecond) * 1000;

/**
 * Passes a body on, up to its limit and within its time. Whoever reads it cannot be held: an endless body ends at the
 * limit, and one that drips ends when it has fallen behind its pace.
 *
 * @param limit  bytes that it may have
 * @param of     what it is, for errors
 * @returns the stream to read; it fails with TransferError `tooLong` · `tooSlow`
 */
export function bounded(body: Readable, limit: number, of: string, pace: Pace = PACE): Readable {
  const within = new Within(limit, of, pace);
  body.once('error', (error) => within.destroy(error));
  body.once('close', () => body.readableEnded || within.destroy(new Error('it broke off')));
  within.once('close', () => body.destroy());
  return body.pipe(within);
}

class Within extends Transform {
  private readonly since = performance.now();
  private received = 0;
  private timer: NodeJS.Timeout;

  constructor(
    private readonly limit: number,
    private readonly of: string,
    private readonly pace: Pace,
  ) {
    super();
    this.timer = this.wait();
  }

  override _transform(piece: Buffer, _: BufferEncoding, done: TransformCallback): void {
    this.received += piece.length;
    if (this.received > this.limit)
      return done(
        new TransferError(
          'tooLong',
          { of: this.of, limit: this.limit },
          `${this.of} does not end after its ${this.limit} bytes: the server sends something else; use another one.`,
        ),
      );
    done(null, piece);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearTimeout(this.timer);
    done(error);
  }

  /** Looks when the bytes that have come so far are used up: more of them give more time, up to the limit's. */
  private wait(): NodeJS.Timeout {
    const left = timeFor(this.received, this.pace) - (performance.now() - this.since);
    return setTimeout(() => this.look(), Math.max(10, left)).unref();
  }

  private look(): void {
    const seconds = Math.round((performance.now() - this.since) / 1000);
    if (performance.now() - this.since < timeFor(this.received, this.pace)) {
      this.timer = this.wait();
      return;
    }
    this.destroy(
      new TransferError(
        'tooSlow',
        { of: this.of, received: this.received, seconds },
        `${this.of} came too slowly: ${this.received} bytes in ${seconds} s. It is tried again; use a nearer server.`,
      ),
    );
  }
}
