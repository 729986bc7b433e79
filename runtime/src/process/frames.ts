/**
 * What goes over the pipes between a host and its model's process: a length, a length of the head, the head as JSON,
 * and numbers as they are. Neither side takes in more than it said it would.
 */

/** The largest frame that a model's process may send: outputs of a block of windows. */
export const MOST_FROM_MODEL = 16 * 1024 * 1024;
/** The largest that it is sent: a model, or a recording. */
export const MOST_TO_MODEL = 512 * 1024 * 1024;

const HEAD = 8;

export function frame(head: unknown, payload: Uint8Array = new Uint8Array()): Buffer {
  const json = Buffer.from(JSON.stringify(head));
  const lengths = Buffer.alloc(HEAD);
  lengths.writeUInt32LE(json.length + payload.length, 0);
  lengths.writeUInt32LE(json.length, 4);
  return Buffer.concat([lengths, json, payload]);
}

/** Puts frames together again from what a pipe gives. */
export class Frames {
  private parts: Buffer[] = [];
  private held = 0;
  private wanted: number | undefined;

  constructor(
    private readonly most: number,
    private readonly told: (head: unknown, payload: Buffer) => void,
  ) {}

  /** @throws RangeError · SyntaxError for what is no frame */
  take(part: Buffer): void {
    this.parts.push(part);
    this.held += part.length;
    for (;;) {
      if (this.wanted === undefined) {
        if (this.held < HEAD) return;
        this.whole();
        const length = this.parts[0]!.readUInt32LE(0);
        if (length > this.most || this.parts[0]!.readUInt32LE(4) > length) throw new RangeError('a frame is too large');
        this.wanted = HEAD + length;
      }
      if (this.held < this.wanted) return;
      const all = this.whole();
      const end = this.wanted;
      const split = HEAD + all.readUInt32LE(4);
      this.parts = end < all.length ? [all.subarray(end)] : [];
      this.held -= end;
      this.wanted = undefined;
      this.told(JSON.parse(all.toString('utf8', HEAD, split)), all.subarray(split, end));
    }
  }

  private whole(): Buffer {
    if (this.parts.length > 1) this.parts = [Buffer.concat(this.parts)];
    return this.parts[0]!;
  }
}

/** A copy of numbers out of a frame, which need not lie where numbers may. */
export const float32 = (bytes: Uint8Array): Float32Array => new Float32Array(Uint8Array.from(bytes).buffer);

export const bytesOf = (numbers: Float32Array | Int16Array): Uint8Array =>
  new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
