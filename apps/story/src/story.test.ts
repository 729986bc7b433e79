import { inOrder } from './pods.js';
import { castPeople, PODS } from './cast.js';
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

describe('what pods have run', () => {
  it.each([
    [[2, 1, 2], [1, 2, 3, 2, 1, 2], true],
    [[2, 1, 2], [1, 2, 1], false],
    [[1], [], false],
  ])('%j is in %j: %s', (some, all, expected) => expect(inOrder(some, all)).toBe(expected));
});
