import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compared, slowest, timesIn } from './times.js';

const top = mkdtempSync(join(tmpdir(), 'livepod-times-'));
afterAll(() => rmSync(top, { recursive: true }));

describe('times of test files', () => {
  it('are read from what every run of Jest left, by paths from the top', () => {
    const result = (name: string, seconds: number) => ({
      name: join(top, name),
      startTime: 1000,
      endTime: 1000 + seconds * 1000,
    });
    mkdirSync(join(top, '.cache'));
    const write = (file: string, ...testResults: object[]): void =>
      writeFileSync(join(top, '.cache', file), JSON.stringify({ testResults }));
    write('jest-quick.json', result('pod/src/pod.test.ts', 2.5));
    write('jest-slow.json', result('test/src/story.slow.test.ts', 200));
    const times = timesIn(join(top, '.cache'), top);
    expect([...times]).toEqual([
      ['pod/src/pod.test.ts', 2.5],
      ['test/src/story.slow.test.ts', 200],
    ]);
    expect(slowest(times, 1)).toEqual(['  200.0 s  test/src/story.slow.test.ts']);
  });

  it('of two runs stand side by side: slow files by name, the others by package', () => {
    const before = new Map([
      ['infra/ic/src/a.test.ts', 3],
      ['infra/ic/src/b.test.ts', 4],
      ['test/src/story.slow.test.ts', 300],
    ]);
    const after = new Map([
      ['infra/ic/src/a.test.ts', 2],
      ['test/src/story.slow.test.ts', 200],
    ]);
    expect(compared(before, after).split('\n').slice(2)).toEqual([
      '| all, one after the other | 307.0 | 202.0 |',
      '| test/src/story.slow.test.ts | 300.0 | 200.0 |',
      '| quick ones of infra/ic | 7.0 | 2.0 |',
    ]);
  });
});
