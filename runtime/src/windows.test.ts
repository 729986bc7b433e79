import { inspectMotion } from './recordings/motion.js';
import { cutWindows, fill, judgedStretches, plain, truthOf } from './windows.js';

const two = { channels: ['a', 'b'], labels: ['X', 'Y'] };
const csv = (labels: string[]) => `b,label,a\n${labels.map((label, at) => `${at + 0.5},${label},${at}`).join('\n')}\n`;

describe('windows', () => {
  const track = (labels: string[]) => inspectMotion({ name: 'p1', bytes: csv(labels) }, two).tracks;
  it('overlap by half and leave out a short rest', () => {
    const windows = cutWindows(track(new Array<string>(9).fill('X')), two, plain(4));
    expect(windows.count).toBe(3);
    expect([...windows.samples.subarray(8, 10)]).toEqual([2, 2.5]);
  });
  it('carry the label of most samples, and say whether it is the only one', () => {
    const windows = cutWindows(track(['X', 'X', 'X', 'X', 'Y', 'Y', 'Y', 'Y']), two, plain(4));
    expect([...windows.label]).toEqual([0, 0, 1]);
    expect([...windows.pure]).toEqual([1, 0, 1]);
  });
  it('are left out where most samples carry no label', () => {
    expect(cutWindows(track(['X', '', '', '']), two, plain(4)).count).toBe(0);
    expect(cutWindows(track(['X', 'X', 'X', '']), two, plain(4))).toMatchObject({ count: 1, pure: Uint8Array.of(0) });
  });
  it('may show the model more than is judged, without other stretches being judged', () => {
    const tracks = track(['X', 'X', 'Y', 'Y', 'Y', 'Y']);
    const window = { before: 3, judged: 2, after: 1, step: 2 };
    const stretches = judgedStretches(tracks, window, truthOf({ kind: 'classification', labels: two.labels }));
    expect(stretches.map(({ truth }) => truth)).toEqual([0, 1, 1]);
    const seen = new Float32Array(6);
    fill(seen, 0, stretches[0]!, window, [0]);
    expect([...seen]).toEqual([0, 0, 0, 0, 1, 2]);
    fill(seen, 0, stretches[2]!, window, [0]);
    expect([...seen]).toEqual([1, 2, 3, 4, 5, 5]);
  });
  it('are the same ones with context as without, shown with what is around them', () => {
    const tracks = track(['X', 'X', 'X', 'X', 'X', 'Y', 'Y', 'Y', 'Y']);
    const bare = cutWindows(tracks, two, plain(4));
    const seen = cutWindows(tracks, two, { ...plain(4), before: 4, after: 2 });
    expect(seen.size).toBe(10);
    expect(seen.label).toEqual(bare.label);
    expect(seen.pure).toEqual(bare.pure);
    expect(seen.person).toEqual(bare.person);
    const first = [...seen.samples].filter((_, at) => at % 2 === 0);
    expect(first.slice(0, 10)).toEqual([0, 0, 0, 0, 0, 1, 2, 3, 4, 5]);
    expect(first.slice(20)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 8]);
  });
  it('of a regression carry the mean of the target', () => {
    const task = { kind: 'regression', target: { name: 'b', unit: 'g', tolerance: '1' } } as const;
    const window = { before: 0, judged: 2, after: 0, step: 2 };
    const stretches = judgedStretches(track(['X', 'X', 'Y', 'Y']), window, truthOf(task));
    expect(stretches.map(({ truth }) => truth)).toEqual([1, 3]);
  });
});
