import { inOrder } from './pods.js';
import type { Network } from '@livepod/client';
import { castPeople, PODS } from './cast.js';
import type { Report } from './report.js';
import { summary } from './summary.js';
import { withShuffledLabels, withWrongUnits } from './recordings.js';

const csv =
  'x_acc,y_acc,z_acc,x_gyro,y_gyro,z_gyro,timestamp,label\n9.80665,0,0,1,2,3,10,WALKING\n0,0,0,0,0,0,20,SEATED\n';
const labels = ['SEATED', 'WALKING', 'TURNING'];

describe('what the story does to recordings', () => {
  it('calls every label by another one, and changes nothing else', () => {
    const [shuffled] = withShuffledLabels([{ name: 'a', bytes: csv }], labels);
    const rows = (text: string) =>
      text
        .trim()
        .split('\n')
        .slice(1)
        .map((line) => line.split(','));
    rows(shuffled!.bytes).forEach((cells, index) => {
      const before = rows(csv)[index]!;
      expect(cells.slice(0, -1)).toEqual(before.slice(0, -1));
      expect(labels).toContain(cells.at(-1));
      expect(cells.at(-1)).not.toBe(before.at(-1));
    });
  });

  it('turns accelerations into g, and leaves the rest', () => {
    expect(withWrongUnits([{ name: 'a', bytes: csv }])[0]!.bytes.split('\n')[1]).toBe('1,0,0,1,2,3,10,WALKING');
  });
});

describe('the cast', () => {
  const people = (count: number) => ({
    folder: 'somewhere',
    people: Array.from({ length: count }, (_, index) => `s${index + 1}`),
  });

  it.each([18, 23, 30])('keeps hold-out people out of training, and finds six pod owners, with %i people', (count) => {
    const cast = castPeople(people(count));
    const trained = [...cast.first, ...cast.second];
    expect(trained).toHaveLength(14);
    expect(cast.holdout.some((person) => trained.includes(person))).toBe(false);
    expect(new Set(cast.podOwners).size).toBe(PODS);
  });

  it('says how many people are missing', () => {
    expect(() => castPeople(people(17))).toThrow(
      expect.objectContaining({
        code: 'tooFewPeople',
        message: 'somewhere has recordings of 17 people; the story needs 18.',
      }),
    );
  });
});

describe('the summary', () => {
  const report: Report = {
    ...{
      outcome: 'ok',
      data: 'sp-sw-har',
      seconds: 612.4,
      stages: [],
      datasets: [],
      ledger: { before: {}, after: {} },
    },
    models: [
      {
        version: 1,
        checkpoint: `sha256:${'a'.repeat(64)}`,
        parent: null,
        holdout: { accuracy: 0.8 },
        decision: 'adopted',
      },
    ],
    releases: [{ id: 1, version: 1, waves: [1, 3], exposedPods: 3, outcome: 'completed' }],
    pods: [
      { id: 'bbbbb-bb', name: 'pod-1', history: [{ version: 1, at: '', why: '' }], final: 1 },
      { id: 'aaaaa-aa', name: 'pod-2', history: [{ version: 1, at: '', why: '' }], final: 1 },
    ],
  };
  const network = { icHost: 'http://ic', rootKey: '', canisters: { models: 'models-id' } } as unknown as Network;
  const text = summary(report, network, { orchestrator: 'http://metrics' });

  it('has every part: figures, waves and reached pods, each pod by its own name, links, metrics', () => {
    for (const part of [
      'came out right in 612 s, on sp-sw-har',
      'version 1  sha256:aaaaaaaaaaaa…  adopted  accuracy 0.8',
      'release 1  version 1  waves 1 → 3  reached 3 pods  completed',
      'pod-1  1  now 1',
      'pod-2  1  now 1',
      'IC gateway         http://ic/tuf/timestamp.json?canisterId=models-id',
      'metrics, orchestrator http://metrics',
    ])
      expect(text).toContain(part);
  });

  it('of a state that does not say how long it took says no time', () =>
    expect(summary({ ...report, seconds: 0 }, network, {})).toContain('came out right, on sp-sw-har'));
});

describe('what pods have run', () => {
  it.each([
    [[2, 1, 2], [1, 2, 3, 2, 1, 2], true],
    [[2, 1, 2], [1, 2, 1], false],
    [[1], [], false],
  ])('%j is in %j: %s', (some, all, expected) => expect(inOrder(some, all)).toBe(expected));
});
