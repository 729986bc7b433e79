import { jest } from '@jest/globals';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serialize } from 'node:v8';
import { PAGE } from '../execution/stable-memory.js';
import { MAIN_NETWORK_LIMITS, Subnet } from '../subnet/subnet.js';
import { Instrumenter } from '../wasm/instrumenter.js';
import { ModuleStore } from '../wasm/module-store.js';
import { Checkpoints } from './checkpoint.js';
import { PageStore } from './page-store.js';

describe('checkpoints', () => {
  const folder = mkdtempSync(join(tmpdir(), 'livepod-checkpoint-'));
  const network = { subnetId: new Uint8Array(29), nodeId: new Uint8Array(29), rootKey: new Uint8Array(133) };
  const modules = new ModuleStore(join(folder, 'modules'), new Instrumenter());
  const empty = (pages: PageStore): Subnet => new Subnet(network, modules, MAIN_NETWORK_LIMITS, pages);
  const written = (): number => statSync(join(folder, 'pages-1.bin')).size / PAGE;
  afterAll(() => rmSync(folder, { recursive: true }));

  it('write only what changed, and restore all of it without reading stable memory', () => {
    const pages = new PageStore(folder);
    const subnet = empty(pages);
    const checkpoints = new Checkpoints(folder, pages);
    const canister = subnet.createCanister([''], 7n, '');
    const { stable } = canister;
    const put = (page: number, value: number): void => {
      stable.begin();
      stable.write(page * PAGE, Uint8Array.of(value));
      stable.commit();
    };
    stable.begin();
    stable.grow(100);
    stable.commit();
    for (let page = 0; page < 10; page += 1) put(page, page + 1);
    checkpoints.save(subnet, 1);
    checkpoints.prune(1);
    expect(written()).toBe(10);
    put(3, 33);
    checkpoints.save(subnet, 2);
    checkpoints.prune(2);
    expect(written()).toBe(11);
    checkpoints.save(subnet, 3);
    writeFileSync(join(folder, 'checkpoint-2.bin.half'), 'cut');
    checkpoints.prune(3);
    expect(written()).toBe(11);
    expect(readdirSync(folder).filter((name) => name.startsWith('checkpoint'))).toEqual(['checkpoint-3.bin']);
    expect(statSync(join(folder, 'checkpoint-3.bin')).size).toBeLessThan(8192);

    const reading = new PageStore(folder);
    const read = jest.spyOn(reading, 'read');
    const restored = empty(reading);
    expect(new Checkpoints(folder, reading).restore(restored)).toBe(3);
    expect(read).not.toHaveBeenCalled();
    const again = restored.canisters.get(canister.id)!;
    expect(again.state.cycles).toBe(7n);
    expect(again.stable.size).toBe(100);
    const bytes = new Uint8Array(1);
    for (let page = 0; page < 12; page += 1) {
      again.stable.read(bytes, page * PAGE);
      expect(bytes[0]).toBe(page === 3 ? 33 : page < 10 ? page + 1 : 0);
    }
  });

  it('fall back to the one before when the newest is damaged', () => {
    const path = join(folder, 'checkpoint-4.bin');
    writeFileSync(
      path,
      readFileSync(join(folder, 'checkpoint-3.bin')).map((byte, at) => (at === 500 ? byte ^ 1 : byte)),
    );
    const pages = new PageStore(folder);
    expect(new Checkpoints(folder, pages).restore(empty(pages))).toBe(3);
    rmSync(join(folder, 'checkpoint-3.bin'));
    const restore = (): unknown => new Checkpoints(folder, pages).restore(empty(pages));
    expect(restore).toThrow(/checkpoint-4\.bin is damaged: it does not match its checksum/);
    writeFileSync(path, Buffer.alloc(10));
    expect(restore).toThrow(expect.objectContaining({ code: 'stateDamaged' }));
  });

  it('of another format are refused by its number', () => {
    const payload = serialize({ format: 1 });
    writeFileSync(
      join(folder, 'checkpoint-4.bin'),
      Buffer.concat([createHash('sha256').update(payload).digest(), payload]),
    );
    const pages = new PageStore(folder);
    expect(() => new Checkpoints(folder, pages).restore(empty(pages))).toThrow(
      /has format 1, and this version reads format 2 only/,
    );
  });
});
