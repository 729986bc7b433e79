import { RecipeError } from './errors.js';
import { SYNTHETIC_SCHEMA as schema, syntheticRecording } from './fixture.js';
import { plain } from './view.js';
import { cutWindows, parseRecording } from './windows.js';

const codeOf = (run: () => unknown) => {
  try {
    run();
  } catch (error) {
    return error instanceof RecipeError ? error.code : error;
  }
  return 'nothing thrown';
};
const two = {
  ...schema,
  channels: [
    { name: 'a', unit: 'g' },
    { name: 'b', unit: 'g' },
  ],
  labels: ['X', 'Y'],
};
const csv = (labels: string[]) => `b,label,a\n${labels.map((label, at) => `${at + 0.5},${label},${at}`).join('\n')}\n`;

describe('recordings', () => {
  it("are read by column name, in the schema's order", () => {
    const track = parseRecording({ name: 'p1_01.csv', csv: csv(['X', 'Y']) }, two);
    expect([...track.samples]).toEqual([0, 0.5, 1, 1.5]);
    expect([...track.labels]).toEqual([0, 1]);
    expect(track.person).toBe('p1');
  });
  it('with Windows line ends and a byte order mark read the same', () => {
    const plain = csv(['X', 'Y']);
    expect(parseRecording({ name: 'p', csv: '\uFEFF' + plain.replaceAll('\n', '\r\n') }, two).samples).toEqual(
      parseRecording({ name: 'p', csv: plain }, two).samples,
    );
  });
  it('refuses a missing column', () =>
    expect(codeOf(() => parseRecording({ name: 'p', csv: 'a,label\n1,X\n' }, two))).toBe('badRecording'));
  it('refuses a value that is no number', () =>
    expect(codeOf(() => parseRecording({ name: 'p', csv: 'a,b,label\n1,NaN,X\n' }, two))).toBe('badRecording'));
  it('refuses an empty value', () =>
    expect(codeOf(() => parseRecording({ name: 'p', csv: 'a,b,label\n1,,X\n' }, two))).toBe('badRecording'));
  it('refuses a row cut short', () =>
    expect(codeOf(() => parseRecording({ name: 'p', csv: 'a,b,label\n1\n' }, two))).toBe('badRecording'));
  it('refuses a file without rows', () =>
    expect(codeOf(() => parseRecording({ name: 'p', csv: 'a,b,label\n' }, two))).toBe('badRecording'));
  it('refuses a label the schema does not have', () =>
    expect(codeOf(() => parseRecording({ name: 'p', csv: csv(['Z']) }, two))).toBe('unknownLabel'));
  it('refuses bytes that are no text', () =>
    expect(codeOf(() => parseRecording({ name: 'p', csv: Uint8Array.of(0xff, 0, 0x80) }, two))).toBe('badRecording'));
});

describe('windows', () => {
  const track = (labels: string[]) => [parseRecording({ name: 'p1', csv: csv(labels) }, two)];
  it('overlap by half and leave out a short rest', () => {
    const windows = cutWindows(track(new Array<string>(9).fill('X')), two, plain(4));
    expect(windows.count).toBe(3);
    expect([...windows.samples.subarray(8, 10)]).toEqual([2, 2.5]);
  });
  it('carry the label of most samples, and say whether it is the only one', () => {
    const windows = cutWindows(track(['X', 'X', 'X', 'X', 'Y', 'Y', 'Y', 'Y']), two, plain(4));
    expect([[...windows.label], [...windows.pure]]).toEqual([
      [0, 0, 1],
      [1, 0, 1],
    ]);
  });
  it('are left out where most samples carry no label', () => {
    expect(cutWindows(track(['X', '', '', '']), two, plain(4)).count).toBe(0);
    expect(cutWindows(track(['X', 'X', 'X', '']), two, plain(4))).toMatchObject({ count: 1, pure: Uint8Array.of(0) });
  });
  it('of a made-up person come from every activity', () => {
    expect(new Set(cutWindows([parseRecording(syntheticRecording('s1', 1), schema)], schema).label).size).toBe(3);
  });
  it('are the same ones with context as without, shown with what is around them', () => {
    const tracks = track(['X', 'X', 'X', 'X', 'X', 'Y', 'Y', 'Y', 'Y']);
    const bare = cutWindows(tracks, two, plain(4));
    const seen = cutWindows(tracks, two, { before: 4, size: 4, after: 2 });
    expect([seen.label, seen.pure, seen.size]).toEqual([bare.label, bare.pure, 10]);
    const first = (window: number) =>
      [...seen.samples].filter((_, at) => at % 2 === 0).slice(window * 10, window * 10 + 10);
    expect([first(0), first(2)]).toEqual([
      [0, 0, 0, 0, 0, 1, 2, 3, 4, 5],
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 8],
    ]);
  });
});
