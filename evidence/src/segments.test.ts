import { utf8 } from '@livepod/protocol';
import { refusal } from '../test/world.js';
import { LOGS, type Basis, type Entry } from './format.js';
import { join, verifySegments } from './segments.js';

const entry = (index: number): Entry => ({ index, at: '1', caller: 'aaaaa-aa', event: {}, hash: `hash ${index}` });
/** A file whose logs have the entries from one to before another. */
function segment(from: number, to: number): Basis {
  const canister = (id: string) => ({
    id,
    start: from === 0 ? null : { length: from, hash: `hash ${from - 1}` },
    log: Array.from({ length: to - from }, (_, at) => entry(from + at)),
  });
  return { canisters: Object.fromEntries(LOGS.map((name) => [name, canister(name)])) } as unknown as Basis;
}
const joined = (earlier: Basis, later: Basis): Promise<string> => refusal(() => join(earlier, later));

describe('a later segment', () => {
  it('begins where the earlier one ends, or before that', async () => {
    expect(await joined(segment(0, 3), segment(3, 5))).toBe('holds');
    expect(await joined(segment(0, 3), segment(2, 5))).toBe('holds');
    expect(await joined(segment(0, 3), segment(0, 5))).toBe('holds');
    expect(await joined(segment(0, 3), segment(0, 3))).toBe('holds');
    expect(await joined(segment(2, 3), segment(3, 3))).toBe('holds');
    expect(await joined(segment(0, 0), segment(0, 3))).toBe('holds');
    expect(await joined(segment(3, 3), segment(3, 4))).toBe('holds');
    expect(await joined(segment(3, 3), segment(2, 4))).toBe('holds');
  });

  it('does not begin later', async () => {
    expect(await joined(segment(0, 3), segment(4, 5))).toMatch(
      /^missing: canisters.governance.start: entries 3 to 3 of/,
    );
    expect(await joined(segment(0, 0), segment(1, 5))).toMatch(/^missing: .*entries 0 to 0 of the governance log/);
    expect(await joined(segment(3, 3), segment(4, 5))).toMatch(/^missing: /);
  });

  it('goes on from the same last entry', async () => {
    for (const [from, change] of [
      [3, (later: Basis) => (later.canisters.ledger.start!.hash = 'another')],
      [2, (later: Basis) => (later.canisters.ledger.log[0]!.hash = 'another')],
      [0, (later: Basis) => (later.canisters.ledger.log[2]!.hash = 'another')],
      [0, (later: Basis) => (later.canisters.ledger.log.length = 2)],
    ] as const) {
      const later = segment(from, 5);
      change(later);
      expect(await joined(segment(0, 3), later)).toMatch(/^brokenChain: canisters.ledger: .*from entry 2/);
    }
  });

  it('is of the same canisters', async () => {
    const later = segment(3, 5);
    later.canisters.fleet.id = 'another';
    expect(await joined(segment(0, 3), later)).toMatch(/^contradiction: canisters.fleet.id: /);
  });
});

describe('a mistake in one of several files', () => {
  const files = (...texts: string[]): Promise<unknown> => verifySegments(texts.map(utf8));

  it('is named with the file’s number, and in a single one without', async () => {
    expect(await refusal(() => files('{}', '{}'))).toBe('missing: [0].type: it is missing');
    expect(await refusal(() => files('{}'))).toBe('missing: type: it is missing');
    expect(await verifySegments([])).toEqual([]);
  });

  it('of the reader is told as it is', async () => {
    await expect(verifySegments([undefined as never, utf8('{}')])).rejects.toThrow(TypeError);
  });
});
