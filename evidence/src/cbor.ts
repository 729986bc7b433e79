/** CBOR as the Internet Computer writes certificates and hash trees; RFC 8949. */
export type CborValue = bigint | string | Uint8Array | CborValue[] | Map<string, CborValue>;

/**
 * Reads CBOR that has one encoding alone: shortest lengths, no indefinite ones, no tag but the self-described one in
 * front, no name twice, nothing behind. Decoders are usually lax here, and a laxly read certificate could be changed
 * without anyone noticing.
 *
 * @throws Error saying what is wrong
 */
export function readCbor(bytes: Uint8Array): CborValue {
  const tagged = bytes[0] === 0xd9 && bytes[1] === 0xd9 && bytes[2] === 0xf7;
  const reader = new Reader(bytes, tagged ? 3 : 0);
  const value = reader.value(0);
  if (reader.at !== bytes.length) throw new Error('bytes follow the CBOR value');
  return value;
}

class Reader {
  constructor(
    private readonly bytes: Uint8Array,
    public at: number,
  ) {}

  value(depth: number): CborValue {
    if (depth > 200) throw new Error('the CBOR is nested too deeply');
    const [major, argument] = this.head();
    switch (major) {
      case 0:
        return argument;
      case 2:
        return this.take(argument);
      case 3:
        return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.take(argument));
      case 4:
        return Array.from({ length: this.count(argument) }, () => this.value(depth + 1));
      case 5: {
        const map = new Map<string, CborValue>();
        for (let left = this.count(argument); left > 0; left -= 1) {
          const key = this.value(depth + 1);
          if (typeof key !== 'string' || map.has(key)) throw new Error('a CBOR map needs names, each once');
          map.set(key, this.value(depth + 1));
        }
        return map;
      }
      default:
        throw new Error(`CBOR of major type ${major} has no place here`);
    }
  }

  private head(): [number, bigint] {
    const first = this.take(1n)[0]!;
    const major = first >> 5;
    const low = first & 31;
    if (low < 24) return [major, BigInt(low)];
    if (low > 27) throw new Error('a CBOR length is indefinite or reserved');
    let argument = 0n;
    for (const byte of this.take(1n << BigInt(low - 24))) argument = (argument << 8n) | BigInt(byte);
    const least = [24n, 1n << 8n, 1n << 16n, 1n << 32n][low - 24]!;
    if (argument < least) throw new Error('a CBOR length is not written in its shortest form');
    return [major, argument];
  }

  private count(argument: bigint): number {
    if (argument > BigInt(this.bytes.length - this.at)) throw new Error('the CBOR is cut short');
    return Number(argument);
  }

  private take(length: bigint): Uint8Array {
    const end = this.at + this.count(length);
    const taken = this.bytes.slice(this.at, end);
    this.at = end;
    return taken;
  }
}
