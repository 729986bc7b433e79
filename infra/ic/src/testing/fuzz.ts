/**
 * Seeded mutation of bytes, and runs of it that are bounded in time: any failure names the seed that shows it again.
 */

export type Random = (below: number) => number;

const DEFAULT_SEED = 20_261_123;
const SECONDS = Number(process.env.LIVEPOD_IC_FUZZ_SECONDS ?? 2);
const SEED = Number(
  process.env.LIVEPOD_IC_FUZZ_SEED ?? (process.env.LIVEPOD_IC_FUZZ_SECONDS ? Date.now() % 2 ** 31 : DEFAULT_SEED),
);
/** Milliseconds that one input may take. */
const PATIENCE = 3000;

/** Mulberry32. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/**
 * Tries inputs until the time is over: 2 s, or `LIVEPOD_IC_FUZZ_SECONDS`. With that variable the seed is another each
 * time, and printed; `LIVEPOD_IC_FUZZ_SEED` sets it.
 *
 * @returns how many were tried
 * @throws Error with seed and number of the input that failed, or took longer than 3 s
 */
export async function campaign(name: string, tryOne: (random: Random) => void | Promise<void>): Promise<number> {
  if (process.env.LIVEPOD_IC_FUZZ_SECONDS) process.stderr.write(`${name}: LIVEPOD_IC_FUZZ_SEED=${SEED}\n`);
  const end = Date.now() + SECONDS * 1000;
  let tried = 0;
  for (; Date.now() < end || tried < 20; tried += 1) {
    const began = Date.now();
    try {
      await tryOne(seeded(SEED + tried * 7919));
    } catch (cause) {
      throw new Error(
        `${name}: input ${tried} of LIVEPOD_IC_FUZZ_SEED=${SEED} (its own seed is ${SEED + tried * 7919}): ` +
          `${(cause as Error).message}`,
        { cause },
      );
    }
    if (Date.now() - began > PATIENCE)
      throw new Error(`${name}: input ${tried} of LIVEPOD_IC_FUZZ_SEED=${SEED} took ${Date.now() - began} ms.`);
  }
  return tried;
}

const STRIKING = [0, 1, 0x7f, 0x80, 0xff, 0x5b, 0x7b, 0x9b, 0xbb, 0xd9, 0xf6, 0xfb];

/** A few changes of bytes: flipped, replaced by striking ones, cut out, doubled, inserted, the end cut off. */
export function mutated(random: Random, original: Uint8Array): Uint8Array {
  let bytes = Buffer.from(original);
  for (let changes = 1 + random(4); changes > 0; changes -= 1) {
    const at = random(bytes.length + 1);
    const length = 1 + random(8);
    const rest = bytes.subarray(Math.min(at + length, bytes.length));
    switch (random(6)) {
      case 0:
        if (at < bytes.length) bytes[at]! ^= 1 << random(8);
        break;
      case 1:
        if (at < bytes.length) bytes[at] = STRIKING[random(STRIKING.length)]!;
        break;
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, at), rest]);
        break;
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
        break;
      case 4:
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          Uint8Array.from({ length }, () => random(256)),
          bytes.subarray(at),
        ]);
        break;
      default:
        if (random(4) === 0) bytes = Buffer.from(bytes.subarray(0, at));
    }
  }
  return new Uint8Array(bytes);
}

export function pick<T>(random: Random, from: readonly T[]): T {
  return from[random(from.length)]!;
}
