import { RuntimeError } from './errors.js';
import { parseMotion } from './recordings/motion.js';
import { cutWindows, fill, judgedStretches, plain, truthOf } from './windows.js';

const codeOf = (run: () => unknown) => {
  try {
    run();
  } catch (error) {
    return error instanceof RuntimeError ? error.code : error;
  }
  return 'nothing thrown';
};
const two = { channels: ['a', 'b'], labels: ['X', 'Y'] };
const csv = (labels: string[]) => `b,label,a\n${labels.map((label, at) => `${at + 0.5},${label},${at}`).join('\n')}\n`;

describe('recordings', () => {
  it("are read by column name, in the schema's order", () => {
    const track = parseMotion({ name: 'p1_01.csv', bytes: csv(['X', 'Y']) }, two);
    expect([...track.samples]).toEqual([0, 0.5, 1, 1.5]);
    expect([...track.labels]).toEqual([0, 1]);
    expect(track.person).toBe('p1');
  });
  it('with Windows line ends and a byte order mark read the same', () => {
    const plain = csv(['X', 'Y']);
    expect(parseMotion({ name: 'p', bytes: '\uFEFF' + plain.replaceAll('\n', '\r\n') }, two).samples).toEqual(
      parseMotion({ name: 'p', bytes: plain }, two).samples,
    );
  });
  it('refuses a missing column', () =>
    expect(codeOf(() => parseMotion({ name: 'p', bytes: 'a,label\n1,X\n' }, two))).toBe('badRecording'));
  it('refuses a value that is no number', () =>
    expect(codeOf(() => parseMotion({ name: 'p', bytes: 'a,b,label\n1,NaN,X\n' }, two))).toBe('badRecording'));
  it('refuses an empty value', () =>
    expect(codeOf(() => parseMotion({ name: 'p', bytes: 'a,b,label\n1,,X\n' }, two))).toBe('badRecording'));
  it('refuses a row cut short', () =>
    expect(codeOf(() => parseMotion({ name: 'p', bytes: 'a,b,label\n1\n' }, two))).toBe('badRecording'));
  it('refuses a file without rows', () =>
    expect(codeOf(() => parseMotion({ name: 'p', bytes: 'a,b,label\n' }, two))).toBe('badRecording'));
  it('refuses a label the schema does not have', () =>
    expect(codeOf(() => parseMotion({ name: 'p', bytes: csv(['Z']) }, two))).toBe('unknownLabel'));
  it('refuses bytes that are no text', () =>
    expect(codeOf(() => parseMotion({ name: 'p', bytes: Uint8Array.of(0xff, 0, 0x80) }, two))).toBe('badRecording'));
});

describe('windows', () => {
  const track = (labels: string[]) => [parseMotion({ name: 'p1', bytes: csv(labels) }, two)];
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
