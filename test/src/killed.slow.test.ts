import { setTimeout as sleep } from 'node:timers/promises';
import { Telling, expectRightStory } from './telling.js';

const VICTIMS = ['orchestrator', 'provider', 'ic', 's3', 'temporal'];
// A build has to be repeatable; another seed kills at other moments: LIVEPOD_SEED=$RANDOM npm run test:slow -- killed
const SEED = Number(process.env['LIVEPOD_SEED'] ?? 1904501515);

/** Numbers in [0, 1) that a seed repeats (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe('a story in whose middle every long-lived process is killed', () => {
  const telling = new Telling();
  afterAll(() => telling.remove());

  it('comes out right all the same', async () => {
    process.stdout.write(`seed ${SEED} (LIVEPOD_SEED repeats it)\n`);
    const next = random(SEED);
    const ended = telling.tell('--fresh');
    let over = false;
    void ended.finally(() => (over = true));
    while (!over && !telling.said().includes('Round 1')) await sleep(200);

    const killed: string[] = [];
    for (const victim of [...VICTIMS].sort(() => next() - 0.5)) {
      await sleep(3_000 + next() * 20_000);
      if (over) break;
      process.kill(telling.pidOf(victim), 'SIGKILL');
      killed.push(victim);
    }
    const { status, report, output } = await ended;
    if (status !== 0)
      throw new Error(
        `seed ${SEED}: npm start ended with status ${status} after ${killed.join(', ')} were ` +
          `killed:\n${output.slice(-6000)}`,
      );
    expect([...killed].sort()).toEqual([...VICTIMS].sort());
    expectRightStory(report);
  });
});
