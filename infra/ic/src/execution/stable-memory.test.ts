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

  it('grows to 500 GiB at no cost, and no further', () => {
    const stable = memory((500 * 2 ** 30) / PAGE - 1);
    expect(stable.grow(1)).toBe((500 * 2 ** 30) / PAGE - 1);
    expect(stable.grow(1)).toBe(-1);
    stable.write(500 * 2 ** 30 - 1, Uint8Array.of(7));
    stable.commit();
    expect(read(stable, 500 * 2 ** 30 - 2, 2)).toEqual([0, 7]);
    expect(stable.view().pages.size).toBe(1);
  });

  it('shares pages with its copies, which do not see what is written later', () => {
    const stable = memory(2);
    stable.write(0, Uint8Array.of(1));
    stable.commit();
    const copy = stable.copy();
    expect(copy.view().pages.get(0)).toBe(stable.view().pages.get(0));
    stable.write(0, Uint8Array.of(2));
    stable.commit();
    expect(read(stable, 0, 1)).toEqual([2]);
    expect(read(copy, 0, 1)).toEqual([1]);
  });
});

describe('a view of stable memory', () => {
  it('shows what is committed, not the message under way', () => {
    const stable = memory(1);
    stable.write(0, Uint8Array.of(1));
    stable.commit();
    stable.begin();
    stable.grow(1);
    stable.write(0, Uint8Array.of(2));
    const reader = new StableMemory();
    reader.apply(stable.view());
    expect(reader.size).toBe(1);
    expect(read(reader, 0, 1)).toEqual([1]);
  });

  it('stays as it was when the owner goes on, and takes over changes only', () => {
    const stable = memory(3);
    const write = (page: number, value: number): void => {
      stable.write(page * PAGE, Uint8Array.of(value));
      stable.commit();
    };
    write(0, 1);
    write(1, 1);
    const reader = new StableMemory();
    const first = stable.view();
    reader.apply(first);
    write(1, 2);
    write(2, 2);
    expect(read(reader, PAGE, 1)).toEqual([1]);
    expect(read(reader, 2 * PAGE, 1)).toEqual([0]);
    const second = stable.view(first);
    expect(second.tables).toBeUndefined();
    expect([...second.pages.keys()]).toEqual([1, 2]);
    reader.apply(second);
    expect(read(reader, 0, 1)).toEqual([1]);
    expect(read(reader, PAGE, 1)).toEqual([2]);
    expect(read(reader, 2 * PAGE, 1)).toEqual([2]);
  });

  it('lets its reader write for itself and drop that again', () => {
    const stable = memory(1);
    stable.write(0, Uint8Array.of(1));
    stable.commit();
    const reader = new StableMemory();
    reader.apply(stable.view());
    reader.begin();
    reader.write(0, Uint8Array.of(9));
    expect(read(reader, 0, 1)).toEqual([9]);
    expect(read(stable, 0, 1)).toEqual([1]);
    reader.rollback();
    expect(read(reader, 0, 1)).toEqual([1]);
  });
});
