import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Home, motionOf, troubleOf, until } from './home.fixture.js';
import { checkpointSaying } from './repository.fixture.js';

const good = checkpointSaying(0);

let home: Home;
beforeEach(async () => {
  home = await Home.open();
});
afterEach(() => home.close());

describe('a pod that cannot read its person’s records says so', () => {
  it.each<[string, () => Parameters<Home['pod']>[0], object]>([
    [
      'no such folder',
      () => ({ recordings: join(home.folder, 'nowhere') }),
      { code: 'noRecordings', origin: 'person', message: expect.stringMatching(/There is no folder .*nowhere\./) },
    ],
    [
      'no such person',
      () => ({ person: 'p9' }),
      {
        code: 'noRecordings',
        origin: 'person',
        message: expect.stringMatching(/holds p1\./),
        remedy: expect.any(String),
      },
    ],
    [
      'no recording of the model’s kind',
      () => {
        home.records('notes', 'notes.txt', 'p2');
        return { person: 'p2' };
      },
      { code: 'noRecordings', message: expect.stringMatching(/no recording of motion; it holds notes\.txt/) },
    ],
    [
      'a recording that is none',
      () => {
        home.records('\u0000\u0001garbage', 'p3_01_sw.csv', 'p3');
        return { person: 'p3' };
      },
      { origin: 'data', message: expect.stringMatching(/p3_01_sw\.csv/) },
    ],
    [
      'recordings that are too short',
      () => {
        home.records(motionOf('STILL', 3), 'p4_01_sw.csv', 'p4');
        return { person: 'p4' };
      },
      { code: 'noWindows', origin: 'data', message: expect.stringMatching(/4 samples/) },
    ],
  ])('%s', async (_, options, trouble) => {
    const one = await home.running(good, options());
    await until(() => troubleOf(one) !== null);
    expect(one.status()).toMatchObject({ version: 1, ready: false, motion: null, trouble });
    expect(home.reports).toEqual([]);
  });

  it('and is ready when they are there', async () => {
    const away = join(home.folder, 'away');
    renameSync(home.recordings, away);
    const one = await home.running(good, { windowsPerSecond: 100 });
    await until(() => troubleOf(one) !== null);
    renameSync(away, home.recordings);
    await until(() => one.status().ready === true);
    expect(one.status()).toMatchObject({ trouble: null, motion: { recordings: 1, windows: 19, judged: 19 } });
  });

  it('reads what it can, and names what it cannot', async () => {
    home.records('no columns here', 'p1_02_sw.csv');
    const one = await home.running(good);
    await until(() => troubleOf(one) !== null);
    expect(one.status()).toMatchObject({
      ready: true,
      trouble: { origin: 'data', message: expect.stringMatching(/1 of 2 recordings cannot be read\. .*p1_02_sw\.csv/) },
    });
  });

  it('a folder where a file should be is no crash', async () => {
    rmSync(join(home.recordings, 'p1'), { recursive: true });
    mkdirSync(join(home.recordings, 'p1', 'p1_01_sw.csv'), { recursive: true });
    writeFileSync(join(home.recordings, 'p1', 'other.txt'), '');
    const one = await home.running(good);
    await until(() => troubleOf(one) !== null);
    expect(troubleOf(one)).toMatchObject({ code: 'EISDIR', origin: 'device' });
  });
});
