import { OUR_POCKET_SERVER } from '@livepod/ic/testing';
import type { BenchRow } from '../benchmark.js';
import { bareCalls } from './bare.js';
import { drive } from './clients.js';
import { run } from './index.js';
import { startHost } from './network.js';
import { startPocketIc } from './pocketIc.js';

const notes: string[] = [];
const options = { state: '', note: (line: string) => void notes.push(line), progress: () => {} };

describe('the benchmark of the embedded Internet Computer', () => {
  it('has a figure above 0 for each row, and targets as they were set', async () => {
    const rows: BenchRow[] = await run(options, {
      updates: [
        [1, 4],
        [256, 300],
      ],
      queries: [4, 40],
      chunks: 4,
      heapBytes: 4 * 2 ** 20,
      rounds: 3,
      bareSeconds: 0.02,
      restarts: 1,
      coldBytes: 0,
    });
    expect(rows.filter(({ value }) => !(value > 0))).toEqual([]);
    expect(
      Object.fromEntries(
        rows
          .filter(({ target }) => target !== null)
          .map(({ name, target, bound }) => [name, `${bound ?? 'least'} ${target}`]),
      ),
    ).toEqual({
      'certified updates, 256 clients': 'least 1000',
      'update p50, 1 client': 'most 15',
      'signed queries, 4 clients': 'least 5000',
      'upload of 1 MiB chunks, 4 clients': 'least 60',
      'update p50, 1 client, heap of 4 MiB': 'most 1.2',
      'restart after SIGTERM to readiness': 'most 1',
      'restart after SIGKILL to readiness': 'most 1',
    });
    expect(rows.find(({ peer }) => peer === 'bare Wasm call in V8')!.ratio).toBeLessThan(1);
    for (const said of [
      /bare calls of the same method/,
      /ms per update, .* ms per query, .* ms per chunk/,
      /fdatasync [\d.]+ ms/,
    ])
      expect(notes).toContainEqual(expect.stringMatching(said));
  });

  it('fails rather than count answers that are no outcome', async () => {
    const { seed, target } = await startHost();
    try {
      const load = { ...target, seed, kind: 'update', clients: 2, requests: 4, warmUp: 1 } as const;
      expect((await drive(load)).verified).toBe(1);
      await expect(
        drive({ ...load, rootKey: load.rootKey.replace(/..$/, (last) => (last === '00' ? '01' : '00')) }),
      ).rejects.toMatchObject({ code: 'wrongResult' });
      await expect(drive({ ...load, kind: 'chunk', seed: '11'.repeat(32) })).rejects.toMatchObject({
        code: 'wrongResult',
      });
    } finally {
      await target.stop();
    }
  });

  it('asks a PocketIC server the same, where one is named', async () => {
    const { canister, url, rootKey, stop } = (await startPocketIc(Uint8Array.of(4), OUR_POCKET_SERVER))!;
    try {
      const load = { url, rootKey, canister, seed: '22'.repeat(32), clients: 2, requests: 4, warmUp: 1 };
      expect((await drive({ ...load, kind: 'update' })).verified).toBe(1);
      expect((await drive({ ...load, kind: 'query' })).rate).toBeGreaterThan(0);
    } finally {
      await stop();
    }
    expect(await startPocketIc(Uint8Array.of(4), '/no/such/program')).toBeUndefined();
  });

  it('calls the very method that updates call', () => {
    expect(() => bareCalls('canister_update no_such_method', 0.01)).toThrow(TypeError);
    expect(bareCalls('canister_update increment', 0.01)).toBeGreaterThan(0);
  });
});
