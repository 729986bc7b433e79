import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { PAGE, StableMemory } from '../execution/stable-memory.js';
import { PageReader } from './page-reader.js';
import { PageStore } from './page-store.js';

describe('page files', () => {
  let folder = '';
  let pages: PageStore;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'livepod-pages-'));
    pages = new PageStore(folder);
  });
  afterEach(() => {
    pages.close();
    rmSync(folder, { recursive: true });
  });

  const files = (): string[] => readdirSync(folder).sort();
  const grown = (size: number): StableMemory => new StableMemory(pages, undefined, size);
  const put = (memory: StableMemory, page: number, value: number): void => {
    memory.begin();
    memory.write(page * PAGE, Uint8Array.of(value));
    memory.commit();
  };
  const at = (memory: StableMemory, page: number): number => {
    const byte = new Uint8Array(1);
    memory.read(byte, page * PAGE);
    return byte[0]!;
  };
  const spill = (memory: StableMemory): void => {
    memory.spill(pages.writeOnce);
    pages.nothingHeld();
  };

  it('take what RAM has no room for, in the middle of a message too', () => {
    const memory = grown(5000);
    memory.begin();
    for (let page = 0; page < 3000; page += 1) memory.write(page * PAGE + 5, Uint8Array.of(1 + (page % 250)));
    expect(statSync(join(folder, 'pages-1.bin')).size).toBeGreaterThanOrEqual(1900 * PAGE);
    memory.write(7 * PAGE, Uint8Array.of(77)); // a page that was moved out already
    memory.commit();
    const bytes = new Uint8Array(6);
    for (let page = 0; page < 3000; page += 100) {
      memory.read(bytes, page * PAGE);
      expect(bytes[5]).toBe(1 + (page % 250));
    }
    memory.read(bytes, 7 * PAGE);
    expect([...bytes]).toEqual([77, 0, 0, 0, 0, 8]);
    memory.begin();
    for (let page = 0; page < 3000; page += 1) memory.write(page * PAGE + 5, Uint8Array.of(0));
    memory.rollback();
    memory.read(bytes, 2000 * PAGE);
    expect(bytes[5]).toBe(1);
  });

  it('keep no place for pages that became zero', () => {
    const memory = grown(2);
    put(memory, 0, 1);
    spill(memory);
    expect(memory.table.get(0)).toBeDefined();
    put(memory, 0, 0);
    spill(memory);
    expect(memory.table.get(0)).toBeUndefined();
    expect(at(memory, 0)).toBe(0);
  });

  it('hold a page once that two memories share', () => {
    const memory = grown(4);
    for (let page = 0; page < 4; page += 1) put(memory, page, page + 1);
    const snapshot = memory.copy();
    spill(memory);
    spill(snapshot);
    expect(statSync(join(folder, 'pages-1.bin')).size).toBe(4 * PAGE);
    put(memory, 2, 9);
    spill(memory);
    expect(at(memory, 2)).toBe(9);
    expect(at(snapshot, 2)).toBe(3);
    expect(statSync(join(folder, 'pages-1.bin')).size).toEqual(5 * PAGE);
  });

  it('are moved together when most of a file is no longer used, and deleted two checkpoints later', () => {
    const memory = grown(200);
    for (let page = 0; page < 200; page += 1) put(memory, page, page + 1);
    spill(memory);
    const snapshot = memory.copy();
    for (let page = 10; page < 200; page += 1) put(memory, page, 3);
    spill(memory);
    pages.compact([memory, snapshot]);
    expect([...pages.files]).toEqual([[1, 390]]);
    pages.compact([memory]); // the snapshot is gone
    expect([...pages.files]).toEqual([[1, 390]]);
    for (let page = 10; page < 60; page += 1) put(memory, page, 4);
    spill(memory);
    pages.compact([memory]);
    expect([...pages.files]).toEqual([[2, 200]]);
    expect(at(memory, 5)).toBe(6);
    expect(at(memory, 59)).toBe(4);
    expect(at(memory, 199)).toBe(3);
    pages.prune();
    expect(files()).toEqual(['pages-1.bin', 'pages-2.bin']);
    pages.prune();
    expect(files()).toEqual(['pages-2.bin']);
  });

  it('are cut off after what a checkpoint lists, and refused when that is not there', () => {
    const memory = grown(4);
    for (let page = 0; page < 4; page += 1) put(memory, page, page + 1);
    spill(memory);
    const again = new PageStore(folder);
    again.adopt(new Map([[1, 3]]));
    expect(statSync(join(folder, 'pages-1.bin')).size).toBe(3 * PAGE);
    expect(again.write(Buffer.alloc(PAGE, 1))).toMatchObject({ file: 1, slot: 3 });
    truncateSync(join(folder, 'pages-1.bin'), 3 * PAGE - 1);
    expect(() => new PageStore(folder).adopt(new Map([[1, 3]]))).toThrow(
      /pages-1\.bin is damaged: it has .* restore .* from a copy/,
    );
    expect(() => new PageStore(folder).adopt(new Map([[2, 3]]))).toThrow(
      expect.objectContaining({ code: 'stateDamaged' }),
    );
  });

  it('are found damaged by a single flipped bit', () => {
    const memory = grown(4);
    put(memory, 3, 1);
    spill(memory);
    const path = join(folder, 'pages-1.bin');
    const bytes = readFileSync(path);
    bytes[40_000]! ^= 16;
    writeFileSync(path, bytes);
    expect(() => at(memory, 3)).toThrow(/pages-1\.bin is damaged: page 0 is not what was written/);
  });

  it('are read by another thread, a page at a time', async () => {
    const memory = grown(3000);
    for (let page = 0; page < 2000; page += 1) put(memory, page, 1 + (page % 250));
    const code = `
      const { parentPort } = require('node:worker_threads');
      const { openSync, readSync } = require('node:fs');
      parentPort.once('message', ({ tables, pages, path }) => {
        const file = openSync(path, 'r');
        const sum = { disk: 0, ram: 0 };
        for (const chunk of tables.values()) for (let at = 0; at < chunk.length; at += 3) {
          if (chunk[at] === 0) continue;
          const byte = Buffer.alloc(1);
          readSync(file, byte, 0, 1, chunk[at + 1] * ${PAGE});
          sum.disk += byte[0];
        }
        for (const bytes of pages.values()) sum.ram += bytes[0];
        parentPort.postMessage(sum);
      });`;
    const worker = new Worker(code, { eval: true });
    worker.postMessage({ ...memory.view(), path: join(folder, 'pages-1.bin') });
    const { disk, ram } = await new Promise<{ disk: number; ram: number }>((resolve) => {
      worker.once('message', resolve);
    });
    await worker.terminate();
    expect(Math.min(disk, ram)).toBeGreaterThan(0);
    expect(disk + ram).toBe(8 * ((250 * 251) / 2));
  });

  it('serve a reader of its own from a view, before and after a checkpoint moved everything', () => {
    const memory = grown(200);
    for (let page = 0; page < 200; page += 1) put(memory, page, page + 1);
    const reader = new StableMemory(new PageReader(folder, 4));
    reader.apply(memory.view());
    spill(memory);
    pages.sync();
    for (let page = 100; page < 200; page += 1) put(memory, page, 1);
    expect(at(reader, 7)).toBe(8);
    expect(at(reader, 150)).toBe(151);
    reader.apply(memory.view());
    for (let page = 0; page < 100; page += 1) expect(at(reader, page)).toBe(page + 1);
    expect(at(reader, 150)).toBe(1);
  });
});
