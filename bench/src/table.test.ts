import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BenchError, met, type BenchRow } from './benchmark.js';
import { median, quantile, takeTurns } from './measuring.js';
import { asText, figure, writeIntoPage } from './table.js';

const row: BenchRow = { name: 'x', value: 2, unit: 's', peer: 'y', peerValue: 1, ratio: 2, target: 1.1, bound: 'most' };

describe('a target', () => {
  it('is held against the ratio, on the side that the row says', () => {
    expect(met(row)).toBe(false);
    expect(met({ ...row, ratio: 1.1 })).toBe(true);
    expect(met({ ...row, bound: 'least' })).toBe(true);
  });

  it('is held against the value where there is no peer', () => {
    expect(met({ ...row, peer: null, peerValue: null, ratio: null, value: 299, target: 300 })).toBe(true);
    expect(met({ ...row, peer: null, peerValue: null, ratio: null, value: 301, target: 300 })).toBe(false);
  });

  it('is held against the value beside a peer where the row says so', () => {
    expect(met({ ...row, held: 'value' })).toBe(false);
    expect(met({ ...row, held: 'value', value: 1, ratio: 5 })).toBe(true);
  });

  it('that is missed is shown', () => {
    expect(asText([row])).toMatch(/≤ 1\.1 {2}MISSED/);
  });
});

describe('figures', () => {
  it('have four significant digits, and are whole from a thousand on', () => {
    expect([0.99634, 83.4567, 1234.56, 2_500_000].map(figure)).toEqual(['0.9963', '83.46', '1,235', '2,500,000']);
  });

  it('are medians and nearest-rank quantiles', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(quantile([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0.5)).toBe(5);
    expect(quantile([1, 2, 3], 0.99)).toBe(3);
    expect(() => quantile([], 0.5)).toThrow(RangeError);
  });

  it('are taken in turns, each subject first as often as the others', async () => {
    const order: string[] = [];
    const subject = (name: string) => async () => void order.push(name);
    await takeTurns(2, [subject('a'), subject('b')]);
    expect(order.join('')).toBe('abba');
  });
});

describe('a page', () => {
  const folder = mkdtempSync(join(tmpdir(), 'livepod-bench-test-'));
  const page = join(folder, 'page.md');
  afterAll(() => rmSync(folder, { recursive: true }));

  it('gets a table between its markers, and nothing else of it changes', () => {
    writeFileSync(
      page,
      'before\n<!-- numbers:a -->\nold\n<!-- /numbers:a -->\nafter <!-- numbers:b --><!-- /numbers:b -->',
    );
    writeIntoPage(page, 'a', [row], ['a note'], new Date(0));
    const text = readFileSync(page, 'utf8');
    expect(text).toMatch(/^before\n<!-- numbers:a -->\n\| what/);
    expect(text).toMatch(/- a note\n\n<sub>Measured on 1970-01-01/);
    expect(text).toMatch(/<!-- \/numbers:a -->\nafter <!-- numbers:b --><!-- \/numbers:b -->$/);
    expect(text).not.toMatch(/old/);
  });

  it('without the markers is refused, by their names', () => {
    writeFileSync(page, 'nothing');
    expect(() => writeIntoPage(page, 'a', [row], [])).toThrow(BenchError);
    expect(() => writeIntoPage(page, 'a', [row], [])).toThrow(/<!-- numbers:a -->/);
  });
});
