import { MetaFile } from '@tufjs/models';
import { tufSigner } from '../repository.fixture.js';
import { DAY, Shipped } from './trust.fixture.js';

let device: Shipped;
beforeEach(async () => {
  device = await Shipped.open();
});
afterEach(() => device.close());

const file = (path: string): Buffer => device.repository.files.get(path)!;
const serve = (path: string, bytes: Buffer): void => void device.repository.files.set(path, bytes);
const unsigned = (role: string) => ({
  code: 'untrustedMetadata',
  details: { role },
  message: `The ${role} metadata is not signed by enough of its keys.`,
});
const stale = (role: string) => ({ code: 'staleMetadata', details: { role, expires: expect.any(String) } });
const rolledBack = (role: string, offered: number, had: number) => ({
  code: 'metadataRollback',
  details: { role, offered, had },
  message: `The repository offers ${role} version ${offered} after version ${had}.`,
});
const mixed = (role: string, offered: number, wanted: number) => ({
  code: 'untrustedMetadata',
  details: { role, offered, wanted },
  message: `The ${role} metadata says version ${offered} where ${wanted} is listed.`,
});
const damaged = (path: string) => ({
  code: 'damagedDownload',
  details: { path },
  message: `${path} is not the file that the signed metadata names; the mirror is wrong.`,
});
const absent = (path: string) => ({
  code: 'network',
  details: { path },
  message: `${path} is not there; the pod tries again.`,
});

describe('a timestamp', () => {
  it('of the same version and content is no trouble', async () => {
    expect(await device.believes()).toBe(1);
    expect(await device.believes()).toBe(1);
  });

  it('of the same version and other content is discarded (TUF 5.4.3.1)', async () => {
    expect(await device.believes()).toBe(1);
    device.repository.sign(); // snapshot and targets 2, under a timestamp that is then signed as number 1 again
    device.repository.resignTimestamp(1);
    expect(await device.believes()).toBe(1);
    device.repository.sign();
    expect(await device.believes()).toBe(3);
  });

  it('of the same version that now expires later does not make the kept one younger (TUF 5.4.4)', async () => {
    await device.believes();
    device.repository.resignTimestamp(1, undefined, 20);
    await expect(device.believes(2 * DAY)).rejects.toMatchObject(stale('timestamp'));
  });

  it('signed by somebody else is refused, not discarded (TUF 5.4.2)', async () => {
    await device.believes();
    device.repository.resignTimestamp(1, tufSigner());
    await expect(device.believes()).rejects.toMatchObject(unsigned('timestamp'));
  });

  it('that is none, or of another role, is refused (TUF 5.4.2)', async () => {
    const none = { code: 'untrustedMetadata', message: 'The timestamp metadata is not TUF metadata of that role.' };
    serve('/tuf/timestamp.json', file('/tuf/1.snapshot.json'));
    await expect(device.believes()).rejects.toMatchObject({ ...none, details: { role: 'timestamp' } });
    serve('/tuf/timestamp.json', Buffer.from('{"signed": '));
    await expect(device.believes()).rejects.toMatchObject({ ...none, cause: expect.any(SyntaxError) });
  });

  it('that is not there is asked for again', async () => {
    device.repository.files.delete('/tuf/timestamp.json');
    await expect(device.believes()).rejects.toMatchObject(absent('/tuf/timestamp.json'));
  });

  it('of an earlier version is refused, also after a restart (TUF 5.4.3.1)', async () => {
    device.repository.resignTimestamp(5);
    await device.believes();
    device.repository.resignTimestamp(4);
    await expect(device.believes()).rejects.toMatchObject(rolledBack('timestamp', 4, 5));
  });

  it('that names an earlier snapshot is refused (TUF 5.4.3.2)', async () => {
    device.repository.sign();
    await device.believes();
    device.repository.resignTimestamp(3, undefined, 1, 1);
    await expect(device.believes()).rejects.toMatchObject(rolledBack('snapshot', 1, 2));
  });

  it('that names the same snapshot again is no trouble (TUF 5.4.3.2)', async () => {
    await device.believes();
    device.repository.resignTimestamp(2);
    expect(await device.believes()).toBe(1);
    expect(device.asked('/tuf/1.snapshot.json')).toBe(1);
  });

  it('that has expired is refused, and not kept (TUF 5.4.4)', async () => {
    device.repository.resignTimestamp(1, undefined, -1);
    await expect(device.believes()).rejects.toMatchObject(stale('timestamp'));
    expect(device.has('timestamp.json')).toBe(false);
  });

  it('is kept although what it names is not there, so that a later one cannot be older (TUF 5.4.5)', async () => {
    device.repository.resignTimestamp(7);
    device.repository.instead.set('/tuf/1.snapshot.json', { status: 404 });
    await expect(device.believes()).rejects.toMatchObject(absent('/tuf/1.snapshot.json'));
    device.repository.resignTimestamp(6);
    await expect(device.believes()).rejects.toMatchObject(rolledBack('timestamp', 6, 7));
  });

  it('whose day is no date is refused: it would never be over', async () => {
    device.repository.resignTimestamp(1, undefined, NaN);
    await expect(device.believes()).rejects.toMatchObject({
      code: 'untrustedMetadata',
      details: { role: 'timestamp' },
      cause: { message: 'never is no date.' },
    });
  });

  it('without end is not read on', async () => {
    serve('/tuf/timestamp.json', Buffer.alloc(16_385, ' '));
    await expect(device.believes()).rejects.toMatchObject({ code: 'tooLarge', details: { limit: 16_384 } });
  });
});

describe('a snapshot', () => {
  it('signed by somebody else is refused (TUF 5.5.3)', async () => {
    device.repository.sign(undefined, { snapshot: { signer: tufSigner() } });
    await expect(device.believes()).rejects.toMatchObject(unsigned('snapshot'));
    expect(device.has('snapshot.json')).toBe(false);
  });

  it('of another hash than the timestamp names is refused (TUF 5.5.2)', async () => {
    const path = '/tuf/1.snapshot.json';
    serve(path, Buffer.from(file(path).toString().replace('1', '2')));
    await expect(device.believes()).rejects.toMatchObject({ ...damaged(path), cause: expect.any(Error) });
  });

  it('longer than the timestamp names is not read on (TUF 5.5.2)', async () => {
    const path = '/tuf/1.snapshot.json';
    const { length } = file(path);
    serve(path, Buffer.concat([file(path), Buffer.from(' ')]));
    await expect(device.believes()).rejects.toMatchObject({ code: 'tooLarge', details: { limit: length } });
  });

  it.each([1, 3])('that says another version (%d) than the timestamp is refused (TUF 5.5.4)', async (says) => {
    device.repository.sign(undefined, { snapshot: { says } });
    await expect(device.believes()).rejects.toMatchObject(mixed('snapshot', says, 2));
  });

  it('from which a targets file has vanished is refused (TUF 5.5.5)', async () => {
    await device.believes();
    device.repository.sign(undefined, { snapshot: { lists: () => ({ 'other.json': new MetaFile({ version: 1 }) }) } });
    await expect(device.believes()).rejects.toMatchObject({
      code: 'metadataRollback',
      details: { name: 'targets.json' },
      message: 'The new snapshot no longer lists targets.json.',
    });
  });

  it('that lists an earlier targets file is refused (TUF 5.5.5)', async () => {
    device.repository.sign();
    await device.believes();
    device.repository.sign(undefined, { snapshot: { names: 1 }, targets: { says: 1 } });
    await expect(device.believes()).rejects.toMatchObject(rolledBack('targets.json', 1, 2));
  });

  it('that lists the same targets file again is no trouble', async () => {
    device.repository.sign();
    await device.believes();
    device.repository.sign(undefined, { snapshot: { names: 2 }, targets: { says: 2 } });
    expect(await device.believes()).toBe(2);
  });

  it('that lists no targets file at all is refused', async () => {
    device.repository.sign(undefined, { snapshot: { lists: () => ({}) } });
    await expect(device.believes()).rejects.toMatchObject({
      code: 'untrustedMetadata',
      message: 'The snapshot lists no targets.json.',
    });
  });

  it('that has expired is refused, and not kept (TUF 5.5.6)', async () => {
    device.repository.sign(undefined, { snapshot: { days: -1 } });
    await expect(device.believes()).rejects.toMatchObject(stale('snapshot'));
    expect(device.has('snapshot.json')).toBe(false);
  });

  it('that is kept and has expired meanwhile is refused, too (TUF 5.5.6)', async () => {
    device.repository.sign(undefined, { snapshot: { days: 3 } });
    await device.believes();
    device.repository.resignTimestamp(5, undefined, 10);
    await expect(device.believes(4 * DAY)).rejects.toMatchObject(stale('snapshot'));
  });

  it('is fetched once and kept', async () => {
    await device.believes();
    await device.believes();
    expect(device.asked('/tuf/1.snapshot.json')).toBe(1);
    expect(device.kept('snapshot.json')).toEqual(file('/tuf/1.snapshot.json'));
  });

  it('that is kept and not the one of that version that is named is fetched again', async () => {
    await device.believes();
    device.repository.version = 0;
    device.repository.sign(undefined, { snapshot: { days: 20 } });
    device.repository.resignTimestamp(2);
    await device.believes();
    expect(device.asked('/tuf/1.snapshot.json')).toBe(2);
    expect(device.kept('snapshot.json')).toEqual(file('/tuf/1.snapshot.json'));
  });

  it('without end is not read on where nothing names its length', async () => {
    device.repository.nameNoLengths = true;
    device.repository.sign();
    expect(await device.believes()).toBe(2);
    serve('/tuf/3.snapshot.json', Buffer.alloc(2_000_001, ' '));
    device.repository.resignTimestamp(3, undefined, 1, 3);
    serve('/tuf/3.snapshot.json', Buffer.alloc(2_000_001, ' '));
    await expect(device.believes()).rejects.toMatchObject({ code: 'tooLarge', details: { limit: 2_000_000 } });
  });
});

describe('targets', () => {
  it('signed by somebody else are refused (TUF 5.6.3)', async () => {
    device.repository.sign(undefined, { targets: { signer: tufSigner() } });
    await expect(device.believes()).rejects.toMatchObject(unsigned('targets'));
    expect(device.has('targets.json')).toBe(false);
  });

  it('of another hash than the snapshot names are refused (TUF 5.6.2)', async () => {
    const path = '/tuf/1.targets.json';
    serve(path, Buffer.from(file(path).toString().replace('1', '2')));
    await expect(device.believes()).rejects.toMatchObject(damaged(path));
  });

  it.each([1, 3])('that say another version (%d) than the snapshot are refused (TUF 5.6.4)', async (says) => {
    device.repository.sign(undefined, { targets: { says } });
    await expect(device.believes()).rejects.toMatchObject(mixed('targets', says, 2));
  });

  it('that have expired are refused, and not kept (TUF 5.6.5)', async () => {
    device.repository.sign(undefined, { targets: { days: -1 } });
    await expect(device.believes()).rejects.toMatchObject(stale('targets'));
    expect(device.has('targets.json')).toBe(false);
  });

  it('that are kept and have expired meanwhile are refused, too (TUF 5.6.5)', async () => {
    device.repository.sign(undefined, { targets: { days: 3 } });
    await device.believes();
    device.repository.resignTimestamp(5, undefined, 10);
    await expect(device.believes(4 * DAY)).rejects.toMatchObject(stale('targets'));
  });

  it('are fetched once and kept', async () => {
    await device.believes();
    await device.believes();
    expect(device.asked('/tuf/1.targets.json')).toBe(1);
    expect(device.kept('targets.json')).toEqual(file('/tuf/1.targets.json'));
  });

  it('that are not there are asked for again', async () => {
    device.repository.files.delete('/tuf/1.targets.json');
    await expect(device.believes()).rejects.toMatchObject(absent('/tuf/1.targets.json'));
  });

  it('without end are not read on where nothing names their length', async () => {
    device.repository.nameNoLengths = true;
    device.repository.sign();
    serve('/tuf/2.targets.json', Buffer.alloc(5_000_001, ' '));
    await expect(device.believes()).rejects.toMatchObject({ code: 'tooLarge', details: { limit: 5_000_000 } });
  });
});

describe('a target', () => {
  const path = 'channels/a/stable.json';
  const stored = (): string => [...device.repository.files.keys()].find((one) => one.startsWith('/targets/'))!;
  beforeEach(() => {
    device.repository.offer(path, Buffer.from('{"stable": null}'));
    device.repository.sign();
  });

  it('is what the signed metadata names, asked for by its hash', async () => {
    const one = device.trust();
    expect(one.lists(path)).toBe(false);
    expect((await one.download(path)).toString()).toBe('{"stable": null}');
    expect([one.lists(path), one.lists('other')]).toEqual([true, false]);
    expect(stored()).toMatch(/^\/targets\/channels\/a\/[0-9a-f]{64}\.stable\.json$/);
    await one.download(path);
    expect(device.asked('/tuf/timestamp.json')).toBe(1);
  });

  it('that is not named is refused', async () => {
    await expect(device.trust().download('other')).rejects.toMatchObject({
      code: 'untrustedMetadata',
      details: { path: 'other' },
      message: 'The repository names no target other.',
    });
  });

  it('that is named and not there is asked for again', async () => {
    device.repository.files.delete(stored());
    await expect(device.trust().download(path)).rejects.toMatchObject({
      code: 'network',
      details: { path },
      message: `The repository lists ${path} but does not have it; the pod tries again.`,
    });
  });

  it.each<[string, string]>([
    ['with other bytes', '{"stable": 1234}'],
    ['cut short', '{"stable"'],
  ])('%s is refused (TUF 5.7.2)', async (_, bytes) => {
    serve(stored(), Buffer.from(bytes));
    await expect(device.trust().download(path)).rejects.toMatchObject(damaged(path));
  });

  it('of the hash that is named and another length is refused (TUF 5.7.2)', async () => {
    device.repository.offer(path, Buffer.from('{"stable": null}'), 99);
    device.repository.sign();
    await expect(device.trust().download(path)).rejects.toMatchObject(damaged(path));
  });

  it('longer than is named is not read on', async () => {
    serve(stored(), Buffer.alloc(1_000));
    await expect(device.trust().download(path)).rejects.toMatchObject({ code: 'tooLarge' });
  });
});

describe('the time that was signed', () => {
  it('in the new timestamp shows that the rest is old, whatever the device’s clock says', async () => {
    device.repository.sign(undefined, { snapshot: { days: -1 } });
    await expect(device.believes(-30 * DAY)).rejects.toMatchObject(stale('snapshot'));
    device.repository.sign(undefined, { targets: { days: -1 } });
    await expect(device.believes(-30 * DAY)).rejects.toMatchObject(stale('targets'));
  });

  it('in the kept timestamp shows that another one is old, also after a restart with the clock set back', async () => {
    await device.believes();
    device.repository.resignTimestamp(2, undefined, -1);
    await expect(device.believes(-30 * DAY)).rejects.toMatchObject(stale('timestamp'));
  });

  it('in the kept timestamp shows that the root is old', async () => {
    await device.believes();
    serve('/tuf/2.root.json', device.repository.root(2, undefined, { days: -1 }));
    await expect(device.believes(-30 * DAY)).rejects.toMatchObject(stale('root'));
  });

  it('is a day before the timestamp expires, and does not hold a right clock back', async () => {
    device.repository.sign(undefined, { snapshot: { days: 3 } });
    device.repository.resignTimestamp(5, undefined, 3.5);
    expect(await device.believes(-30 * DAY)).toBe(2); // 2.5 days on
    expect(await device.believes(2.8 * DAY)).toBe(2);
    await expect(device.believes(3.2 * DAY)).rejects.toMatchObject(stale('snapshot'));
    device.repository.resignTimestamp(6, undefined, 4.5);
    await expect(device.believes(-30 * DAY)).rejects.toMatchObject(stale('snapshot')); // 3.5 days on
  });
});

describe('a client that is given no clock', () => {
  it('goes by the system’s', async () => {
    expect((await device.trust(null).refresh()).version).toBe(1);
    device.repository.resignTimestamp(2, undefined, -1);
    await expect(device.trust(null).refresh()).rejects.toMatchObject(stale('timestamp'));
  });
});

describe('metadata that was kept', () => {
  it.each(['timestamp', 'snapshot', 'targets'])(
    'as %s.json, and is damaged or another’s, is fetched again',
    async (role) => {
      await device.believes();
      const right = device.kept(`${role}.json`);
      const stranger = await Shipped.open();
      await stranger.believes();
      for (const content of ['', right.subarray(0, right.length / 2), 'garbage', stranger.kept(`${role}.json`)]) {
        device.keep(`${role}.json`, content);
        expect(await device.believes()).toBe(1);
        expect(device.kept(`${role}.json`)).toEqual(right);
      }
      await stranger.close();
    },
  );

  it('is gone once it does not verify', async () => {
    await device.believes();
    device.keep('timestamp.json', 'garbage');
    device.repository.files.delete('/tuf/timestamp.json');
    await device.believes().catch(() => undefined);
    expect(device.has('timestamp.json')).toBe(false);
  });
});

describe('what is not the repository', () => {
  const html = '<!DOCTYPE html><html><body>Welcome to the hotel. Log in.</body></html>';
  it.each<[string, Parameters<typeof device.repository.instead.set>[1]]>([
    ['a page', { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body: html }],
    ['a page without a type', { status: 200, body: `\n${html}` }],
    ['a redirection', { status: 302, headers: { location: 'http://portal.example/login' } }],
  ])('(%s of a captive portal) is called that', async (_, answer) => {
    device.repository.instead.set('*', answer);
    await expect(device.believes()).rejects.toMatchObject({
      code: 'notTheRepository',
      origin: 'way',
      message: expect.stringMatching(/captive portal/),
    });
  });

  it('an HTML page with status 404 is an absent file', async () => {
    device.repository.instead.set('/tuf/2.root.json', {
      status: 404,
      headers: { 'content-type': 'text/html' },
      body: html,
    });
    expect(await device.believes()).toBe(1);
  });
});
