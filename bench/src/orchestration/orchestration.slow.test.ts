import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CANISTERS } from '@livepod/client';
import { round, Rehearsal } from '@livepod/workflows/testing/rehearsal';
import { met, type BenchRow } from '../benchmark.js';
import { finished as run } from './finished.js';

const state = mkdtempSync(join(tmpdir(), 'livepod-bench-test-'));
let rehearsal: Rehearsal;
const notes: string[] = [];
const measured = (): Promise<BenchRow[]> => run({ state, note: (line) => void notes.push(line), progress: () => {} });

beforeAll(async () => {
  rehearsal = await Rehearsal.open();
  writeFileSync(
    join(state, 'network.json'),
    JSON.stringify({
      icHost: 'http://127.0.0.1',
      rootKey: '00',
      canisters: Object.fromEntries(CANISTERS.map((name) => [name, 'aaaaa-aa'])),
      temporal: {
        address: rehearsal.environment.address,
        namespace: 'livepod',
        providerNamespace: 'provider-1',
        nexusEndpoint: 'provider-1',
      },
    }),
  );
});
afterAll(async () => {
  rmSync(state, { recursive: true });
  await rehearsal?.close();
});

describe('the orchestration benchmark', () => {
  it('is skipped, and says what to start, where no stack runs', async () => {
    expect(
      await run({ state: join(state, 'nowhere'), note: (line) => void notes.push(line), progress: () => {} }),
    ).toEqual([]);
    expect(notes.pop()).toMatch(/npm start/);
  });

  it('reads time and events of a finished lifecycle from the histories of both namespaces', async () => {
    await (await rehearsal.start('lifecycle', 'lifecycle-bench', round('bench'))).result();
    let rows: BenchRow[] = [];
    // visibility follows after a moment
    while (!rows.some(({ name }) => name === 'events: trainingJob')) rows = await measured();
    const [time] = rows;
    expect(time).toMatchObject({ name: 'lifecycle-bench: neither training nor voting', peer: 'the whole lifecycle' });
    expect(time!.value).toBeGreaterThan(0);
    expect(time!.ratio).toBeLessThan(1);
    expect(notes).toContainEqual(expect.stringMatching(/lifecycle-bench: voting [\d.]+ s, training [\d.]+ s, waves/));
    const events = rows.filter(({ name }) => name.startsWith('events: '));
    expect(events.map(({ name }) => name.slice(8))).toEqual([
      'accessRequest',
      'checkpointReview',
      'datasetIntake',
      'lifecycle',
      'modelRollout',
      'trainingJob',
      'trainingRound',
    ]);
    expect(events.every((row) => row.value > 5 && met(row))).toBe(true);
  });
});
