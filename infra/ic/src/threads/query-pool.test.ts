import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../testing/network.js';
import type { ThreadData } from './messages.js';
import { QueryPool, type QueryAnswer } from './query-pool.js';

/** Answers with how many rounds it has seen; dies or hangs when it is asked to. */
const THREAD = `
import { parentPort } from 'node:worker_threads';
let rounds = 0;
parentPort.on('message', ({ kind, id, effective, canisters }) => {
  if (kind === 'round') rounds += canisters.length;
  if (effective === 'die') process.exit(1);
  if (effective === 'throw') throw new Error('deliberate');
  if (effective === 'hang') for (;;);
  if (kind === 'query') parentPort.postMessage({ kind: 'answer', id, answer: Uint8Array.of(rounds), counted: [] });
});
parentPort.postMessage({ kind: 'ready' });`;

describe('the threads that answer queries', () => {
  const folder = mkdtempSync(join(tmpdir(), 'livepod-pool-'));
  let pool: QueryPool;
  const ask = (what: string): Promise<QueryAnswer> => pool.ask('query', what, new Uint8Array(1));
  const ready = (): Promise<void> => until('a thread answers', async () => (await ask('')) instanceof Uint8Array);

  beforeEach(() => {
    writeFileSync(join(folder, 'thread.mjs'), THREAD);
    pool = new QueryPool(join(folder, 'thread.mjs'), {} as ThreadData, 1, 400);
    const canister = { state: {}, memoryBytes: 0n, stable: { epoch: 1, version: 1, size: 0, pages: new Map() } } as never as { id: string };
    pool.apply({ kind: 'round', time: 1n, status: new Uint8Array(), gone: [], canisters: [{ ...canister, id: 'aa' }, { ...canister, id: 'bb' }] as never });
  });
  afterEach(() => pool.close());
  afterAll(() => rmSync(folder, { recursive: true }));

  it('send everything elsewhere until one is ready', async () => {
    expect(await ask('')).toEqual({ elsewhere: true });
    await ready();
    expect(await ask('')).toEqual(Uint8Array.of(2));
  });

  it.each(['die', 'throw', 'hang'])('are replaced when they %s, with all canisters; what they were at fails', async (how) => {
    await ready();
    const failed = { status: 500, text: expect.stringContaining('ask again') };
    expect(await Promise.all([ask(how), ask('')])).toEqual([failed, failed]);
    await ready();
    expect(await ask('')).toEqual(Uint8Array.of(2));
  });

  it('that cannot start leave queries to the executing thread', async () => {
    writeFileSync(join(folder, 'broken.mjs'), 'throw new Error();');
    const broken = new QueryPool(join(folder, 'broken.mjs'), {} as ThreadData, 1);
    await new Promise((resolve) => { setTimeout(resolve, 300); });
    expect(await broken.ask('query', '', new Uint8Array(1))).toEqual({ elsewhere: true });
    await broken.close();
  });
});
