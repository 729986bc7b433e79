/** Frames on the two pipes of a sandbox: a byte that says the kind, four of length (big-endian), the content. */

const HEAD = 5;
/** No piece of a file is longer, in either direction. */
export const MAX_PIECE = 2 ** 20;

export interface Frame {
  kind: number;
  body: Uint8Array;
}

/** Thrown at the first byte that breaks a rule, before what it announces is read. */
export class MalformedFrame extends Error {}

export function frame(kind: number, body: Uint8Array = new Uint8Array()): Uint8Array {
  const bytes = new Uint8Array(HEAD + body.length);
  bytes[0] = kind;
  new DataView(bytes.buffer).setUint32(1, body.length);
  bytes.set(body, HEAD);
  return bytes;
}

/**
 * The frames of a stream. Holds one frame at a time.
 *
 * @param longest  of each kind that there is, in bytes
 * @throws MalformedFrame for another kind, a longer one, or a stream that ends within one
 */
export async function* framesOf(
  stream: AsyncIterable<Uint8Array>,
  longest: ReadonlyMap<number, number>,
): AsyncGenerator<Frame> {
  const head = new Uint8Array(HEAD);
  let headBytes = 0;
  let kind = 0;
  let body = new Uint8Array();
  let bodyBytes = 0;
  for await (const piece of stream) {
    for (let at = 0; at < piece.length;) {
      if (headBytes < HEAD) {
        head[headBytes++] = piece[at++]!;
        if (headBytes < HEAD) continue;
        kind = head[0]!;
        const length = new DataView(head.buffer).getUint32(1);
        const most = longest.get(kind);
        if (most === undefined || length > most) throw new MalformedFrame();
        body = new Uint8Array(length);
        bodyBytes = 0;
      } else {
        const taken = piece.subarray(at, at + body.length - bodyBytes);
        body.set(taken, bodyBytes);
        bodyBytes += taken.length;
        at += taken.length;
      }
      if (bodyBytes < body.length) continue;
      headBytes = 0;
      yield { kind, body };
    }
  }
  if (headBytes > 0) throw new MalformedFrame();
}

/** Pieces of at most {@link MAX_PIECE}. */
export function* piecesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += MAX_PIECE) yield bytes.subarray(at, at + MAX_PIECE);
}
