import { PAGE, StableMemory } from './stable-memory.js';

function memory(pages: number): StableMemory {
  const stable = new StableMemory();
  stable.begin();
  stable.grow(pages);
  return stable;
}

function read(stable: StableMemory, offset: number, length: number): number[] {
  const bytes = new Uint8Array(length).fill(255);
  stable.read(bytes, offset);
  return [...bytes];
}

describe('stable memory', () => {
  it('reads zeros where nothing was written', () => {
    expect(read(memory(1), 100, 3)).toEqual([0, 0, 0]);
  });

  it('writes across a page boundary', () => {
    const stable = memory(2);
    stable.write(PAGE - 2, Uint8Array.of(1, 2, 3, 4));
    expect(read(stable, PAGE - 3, 6)).toEqual([0, 1, 2, 3, 4, 0]);
  });

  it('undoes writes and growth, also of pages that were committed before', () => {
    const stable = memory(1);
    stable.write(0, Uint8Array.of(1));
    stable.commit();
    stable.begin();
    stable.grow(3);
    stable.write(0, Uint8Array.of(9));
    stable.write(2 * PAGE, Uint8Array.of(9));
    stable.rollback();
    expect(stable.size).toBe(1);
    expect(read(stable, 0, 1)).toEqual([1]);
    stable.begin();
    stable.grow(3);
    expect(read(stable, 2 * PAGE, 1)).toEqual([0]);
  });

  it('traps beyond its end', () => {
    const stable = memory(1);
    expect(() => stable.write(PAGE - 1, Uint8Array.of(1, 2))).toThrow('stable memory out of bounds');
    expect(() => read(stable, PAGE, 1)).toThrow('stable memory out of bounds');
  });

  it('knows the pages that a checkpoint must write', () => {
    const stable = memory(3);
    stable.write(PAGE, Uint8Array.of(1));
    stable.commit();
    expect([...stable.dirty]).toEqual([1]);
  });
});
