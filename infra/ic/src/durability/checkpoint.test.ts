import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PAGE } from '../execution/stable-memory.js';
import { MAIN_NETWORK_LIMITS, Subnet } from '../subnet/subnet.js';
import { Instrumenter } from '../wasm/instrumenter.js';
import { ModuleStore } from '../wasm/module-store.js';
import { Checkpoints } from './checkpoint.js';

describe('checkpoints', () => {
  const folder = mkdtempSync(join(tmpdir(), 'livepod-checkpoint-'));
  const empty = (): Subnet => new Subnet({ subnetId: new Uint8Array(29), nodeId: new Uint8Array(29), rootKey: new Uint8Array(133) }, new ModuleStore(join(folder, 'modules'), new Instrumenter()), MAIN_NETWORK_LIMITS);
  const files = (kind: string): string[] => readdirSync(folder).filter((name) => name.startsWith(kind));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('writes only what changed, moves what is left of old files, and restores all of it', () => {
    const subnet = empty();
    const checkpoints = new Checkpoints(folder);
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
    put(3, 33);
    checkpoints.save(subnet, 2);
    checkpoints.prune(2);
    expect(files('pages')).toHaveLength(2);
    for (let page = 0; page < 6; page += 1) put(page, page + 50);
    checkpoints.save(subnet, 3);
    checkpoints.prune(3);
    expect([files('pages'), files('checkpoint')]).toEqual([['pages-3.bin'], ['checkpoint-3.bin']]);

    const restored = empty();
    expect(new Checkpoints(folder).restore(restored)).toBe(3);
    const again = restored.canisters.get(canister.id)!;
    expect([again.state.cycles, again.stable.size]).toEqual([7n, 100]);
    const bytes = new Uint8Array(1);
    for (let page = 0; page < 12; page += 1) {
      again.stable.read(bytes, page * PAGE);
      expect(bytes[0]).toBe(page < 6 ? page + 50 : page < 10 ? page + 1 : 0);
    }
  });
});
