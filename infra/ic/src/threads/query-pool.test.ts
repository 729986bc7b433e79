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
parentPort.on('message', ({ kind, queries, canisters }) => {
  if (kind === 'round') rounds += canisters.length;
  for (const { id, effective } of queries ?? []) {
    if (effective === 'die') process.exit(1);
    if (effective === 'throw') throw new Error('deliberate');
    if (effective === 'hang') for (;;);
    const answer = Uint8Array.of(effective === 'how many' ? queries.length : rounds);
    parentPort.postMessage({ kind: 'answers', answers: [{ id, answer, counted: [] }] });
  }
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
    const canister = {
      state: {},
      memoryBytes: 0n,
      stable: { epoch: 1, version: 1, size: 0, pages: new Map() },
    } as never as { id: string };
    pool.apply({
      kind: 'round',
      time: 1n,
      status: new Uint8Array(),
      gone: [],
      canisters: [
        { ...canister, id: 'aa' },
        { ...canister, id: 'bb' },
      ] as never,
    });
  });
  afterEach(() => pool.close());
  afterAll(() => rmSync(folder, { recursive: true }));

  it('send everything elsewhere until one is ready', async () => {
    expect(await ask('')).toEqual({ elsewhere: true });
    await ready();
    expect(await ask('')).toEqual(Uint8Array.of(2));
  });

  it.each(['die', 'throw', 'hang'])(
    'are replaced when they %s, with all canisters; what they were at fails',
    async (how) => {
      await ready();
      const failed = { status: 500, text: expect.stringContaining('ask again') };
      expect(await Promise.all([ask(how), ask('')])).toEqual([failed, failed]);
      await ready();
      expect(await ask('')).toEqual(Uint8Array.of(2));
    },
  );

  it('are given what comes in together, and only a few ahead, so that few wait behind a long one', async () => {
    await ready();
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask('how many')));
    expect(answers.map((answer) => (answer as Uint8Array)[0])).toEqual([
      ...Array<number>(8).fill(8),
      ...Array.from({ length: 12 }, () => expect.any(Number) as unknown as number),
    ]);
    expect(Math.max(...answers.map((answer) => (answer as Uint8Array)[0]!))).toBe(8);
  });

  it.each(['die', 'hang'])('leave what they were not given yet to others when they %s', async (how) => {
    await ready();
    const all = await Promise.all([ask(how), ...Array.from({ length: 9 }, () => ask(''))]);
    expect(all.slice(0, 8)).toEqual(
      Array(8).fill({ status: 500, text: expect.stringContaining('ask again') as unknown }),
    );
    expect(all.slice(8)).toEqual(Array(2).fill({ elsewhere: true }));
  });

  it('that cannot start leave queries to the executing thread', async () => {
    writeFileSync(join(folder, 'broken.mjs'), 'throw new Error();');
    const broken = new QueryPool(join(folder, 'broken.mjs'), {} as ThreadData, 1);
    await new Promise((resolve) => {
      setTimeout(resolve, 300);
    });
    expect(await broken.ask('query', '', new Uint8Array(1))).toEqual({ elsewhere: true });
    await broken.close();
  });
});
