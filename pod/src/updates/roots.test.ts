import { tufSigner, type Signer } from '../repository.fixture.js';
import { Roots, rootIn } from './roots.js';
import { DAY, Shipped } from './trust.fixture.js';

let device: Shipped;
beforeEach(async () => {
  device = await Shipped.open();
});
afterEach(() => device.close());

const offer = (version: number, bytes: Buffer): void =>
  void device.repository.files.set(`/tuf/${version}.root.json`, bytes);

/** The DAO's next key, and the root that brings it, signed by the key before, too. */
function rotate(version: number, change: Parameters<typeof device.repository.root>[2] = {}): void {
  const before = device.repository.dao;
  device.repository.dao = tufSigner();
  offer(version, device.repository.root(version, [before, device.repository.dao], change));
}

const unsigned = {
  code: 'untrustedMetadata',
  details: { role: 'root' },
  message: 'The root metadata is not signed by enough of its keys.',
};

describe('a root', () => {
  it('that the one before did not sign is refused (TUF 5.3.4)', async () => {
    device.repository.dao = tufSigner();
    offer(2, device.repository.root(2));
    await expect(device.believes()).rejects.toMatchObject(unsigned);
    expect(device.has('2.root.json')).toBe(false);
  });

  it('that its own keys did not sign is refused (TUF 5.3.4)', async () => {
    const before = device.repository.dao;
    device.repository.dao = tufSigner();
    offer(2, device.repository.root(2, [before]));
    await expect(device.believes()).rejects.toMatchObject(unsigned);
  });

  it.each([
    ['older', 1],
    ['later', 3],
  ])('that is an %s one than its name says is refused (TUF 5.3.5)', async (_, says) => {
    offer(2, device.repository.root(2, undefined, { says }));
    await expect(device.believes()).rejects.toMatchObject({
      code: 'metadataRollback',
      details: { version: 2 },
      message: `2.root.json says version ${says}.`,
    });
    expect(device.has('2.root.json')).toBe(false);
  });

  it('is followed to the newest, of which the one before last may have expired (TUF 5.3.10)', async () => {
    rotate(2, { days: -1 });
    await expect(device.believes()).rejects.toMatchObject({ code: 'staleMetadata', details: { role: 'root' } });
    rotate(3);
    expect(await device.believes()).toBe(1);
  });

  it('that has expired is refused, to the second (TUF 5.3.10)', async () => {
    const expires = new Date(Math.floor((Date.now() + 20 * DAY) / 1000) * 1000);
    rotate(2, { days: 20 });
    device.repository.sign(undefined, { snapshot: { days: 40 }, targets: { days: 40 } });
    device.repository.resignTimestamp(1, undefined, 21);
    expect(await device.believes(expires.getTime() - Date.now() - 5_000)).toBe(2);
    await expect(device.believes(expires.getTime() - Date.now() + 5_000)).rejects.toMatchObject({
      code: 'staleMetadata',
      message: expect.stringMatching(/^The root metadata expired at 20.*Z: the repository is old, or somebody keeps/),
    });
  });

  it('whose successors do not end is followed for a while at a time (TUF 5.3.3)', async () => {
    for (let version = 2; version <= 35; version += 1) offer(version, device.repository.root(version));
    const trust = device.trust();
    await trust.refresh();
    expect([33, 34].map((version) => device.asked(`/tuf/${version}.root.json`))).toEqual([1, 0]);
    await trust.refresh();
    expect([34, 35, 36].map((version) => device.asked(`/tuf/${version}.root.json`))).toEqual([1, 1, 1]);
  });

  it('may be larger than a timestamp, and not than a root', async () => {
    offer(2, Buffer.concat([device.repository.root(2), Buffer.alloc(100_000, ' ')]));
    expect(await device.believes()).toBe(1);
    offer(3, Buffer.alloc(512_001, ' '));
    await expect(device.believes()).rejects.toMatchObject({ code: 'tooLarge' });
  });

  it('that a mirror does not have may be answered with 403, as a bucket does it', async () => {
    device.repository.instead.set('/tuf/2.root.json', {
      status: 403,
      body: '<Error><Code>AccessDenied</Code></Error>',
    });
    expect(await device.believes()).toBe(1);
  });

  it('whose answer is 503 is not taken to be absent', async () => {
    device.repository.instead.set('/tuf/2.root.json', { status: 503 });
    await expect(device.believes()).rejects.toMatchObject({ code: 'network' });
  });
});

describe('fast-forward recovery (TUF 5.3.11)', () => {
  /** Somebody had the online key, and signed a version that nobody reaches, and a day that nobody sees. */
  beforeEach(async () => {
    device.repository.version = 1_000_000;
    device.repository.sign(undefined, { snapshot: { days: 400 }, targets: { days: 400 } });
    device.repository.resignTimestamp(1_000_001, undefined, 300);
    expect(await device.believes()).toBe(1_000_001);
    device.repository.version = 1;
  });

  it.each(['timestamp', 'snapshot'] as const)('follows from another key for the %s alone', async (role) => {
    const both = [device.repository.online, tufSigner()];
    rotate(2, { [role]: both });
    device.repository.sign(); // for 30 days: the time that the lost key told of is forgotten, too
    expect(await device.believes()).toBe(2);
  });

  it('follows from another second key, though the first has signed what is kept', async () => {
    const { online } = device.repository;
    rotate(2, { timestamp: [online, tufSigner()] });
    device.repository.sign();
    device.repository.resignTimestamp(1_000_002);
    await device.believes();
    rotate(3, { timestamp: [online, tufSigner()] });
    device.repository.sign();
    expect(await device.believes()).toBe(3);
  });

  it('follows from another key under the same name', async () => {
    const { online } = device.repository;
    const other = tufSigner();
    const renamed: Signer = { ...other, key: Object.assign(other.key, { keyID: online.key.keyID }) };
    rotate(2, { timestamp: [renamed], snapshot: [renamed], targets: [renamed] });
    device.repository.sign(renamed);
    expect(await device.believes()).toBe(2);
  });

  it.each<[string, () => Parameters<typeof rotate>[1]]>([
    ['the same keys', () => ({})],
    ['another key for the targets alone', () => ({ targets: [device.repository.online, tufSigner()] })],
  ])('does not follow from %s: the version does not go down', async (_, change) => {
    rotate(2, change());
    device.repository.sign();
    await expect(device.believes()).rejects.toMatchObject({ code: 'metadataRollback' });
  });

  it('does not follow from the same keys in another order', async () => {
    const two = [device.repository.online, tufSigner()];
    rotate(2, { timestamp: two, snapshot: two });
    device.repository.sign();
    device.repository.resignTimestamp(1_000_002, undefined, 1);
    expect(await device.believes()).toBe(2);
    rotate(3, { timestamp: two.toReversed(), snapshot: two.toReversed() });
    device.repository.resignTimestamp(1_000_001);
    await expect(device.believes()).rejects.toMatchObject({ code: 'metadataRollback' });
  });
});

describe('the roots that were kept', () => {
  it('are walked from the shipped one at start, without the network', async () => {
    for (const version of [2, 3, 4]) rotate(version);
    await device.believes();
    const roots = new Roots(device.folder, device.root);
    expect([roots.current.signed.version, roots.keptIsDamaged]).toEqual([4, false]);
  });

  it('go on from a newer shipped one, when the program was replaced', async () => {
    for (const version of [2, 3, 4]) rotate(version);
    await device.believes();
    device.root = device.kept('3.root.json');
    expect(new Roots(device.folder, device.root).current.signed.version).toBe(4);
  });

  it.each<[string, () => string | Buffer]>([
    [
      'signed by itself alone',
      () => {
        device.repository.dao = tufSigner();
        return device.repository.root(2);
      },
    ],
    ['of another version', () => device.repository.root(3)],
    ['cut short', () => device.repository.root(2).subarray(0, 20)],
    ['empty', () => ''],
    ['garbage', () => 'garbage'],
  ])('and were changed since (%s) are noticed, and mended from the chain', async (_, tampered) => {
    const { dao } = device.repository;
    rotate(2);
    const right = device.repository.files.get('/tuf/2.root.json')!;
    const { dao: next } = device.repository;
    await device.believes();
    device.repository.dao = dao;
    device.keep('2.root.json', tampered());
    device.repository.dao = next;
    const one = device.trust();
    expect(one.keptRootIsDamaged).toBe(true);
    expect(device.has('2.root.json')).toBe(false);
    expect((await one.refresh()).version).toBe(1);
    expect(device.kept('2.root.json')).toEqual(right);
    expect(device.trust().keptRootIsDamaged).toBe(false);
  });

  it('do not vouch for themselves: a root.json of somebody else and his metadata get nowhere', async () => {
    await device.believes();
    const { dao, online } = device.repository;
    device.repository.dao = tufSigner();
    device.repository.online = tufSigner();
    device.keep('root.json', device.repository.root(2));
    device.repository.sign();
    const one = device.trust();
    expect(one.keptRootIsDamaged).toBe(true);
    await expect(one.refresh()).rejects.toMatchObject({ code: 'untrustedMetadata', details: { role: 'timestamp' } });
    Object.assign(device.repository, { dao, online });
    device.repository.sign();
    expect(await device.believes()).toBe(3);
  });

  it.each<[string, number, boolean]>([
    ['is taken into the chain where it follows', 2, false],
    ['is fetched again with those before it where it does not', 3, true],
  ])('by an earlier version as root.json: it %s', async (_, version, again) => {
    for (const one of [2, 3]) rotate(one);
    device.keep('root.json', device.repository.files.get(`/tuf/${version}.root.json`)!);
    const one = device.trust();
    expect([one.keptRootIsDamaged, device.has('root.json'), device.has('2.root.json')]).toEqual([again, false, !again]);
    await one.refresh();
    expect(device.asked('/tuf/2.root.json')).toBe(Number(again));
    expect(device.has('3.root.json')).toBe(true);
  });

  it.each([
    ['the shipped one', false, () => device.root],
    ['garbage', true, () => Buffer.from('{}')],
  ])('by an earlier version as root.json, being %s, go', async (_, damaged, bytes) => {
    device.keep('root.json', bytes());
    expect([device.trust().keptRootIsDamaged, device.has('root.json'), device.has('2.root.json')]).toEqual([
      damaged,
      false,
      false,
    ]);
  });

  it('are none in a new folder', () => {
    expect(device.trust().keptRootIsDamaged).toBe(false);
  });
});

describe('a shipped root', () => {
  it.each<[string, () => Buffer, RegExp]>([
    ['that is none', () => Buffer.from('{}'), /^The root metadata is not TUF metadata of that role\.$/],
    ['that is a timestamp', () => device.repository.files.get('/tuf/timestamp.json')!, /not TUF metadata of that role/],
    ['that its own keys did not sign', () => device.repository.root(1, [tufSigner()]), /not signed by enough/],
  ])('%s is refused', (_, bytes, message) => {
    expect(() => rootIn(bytes())).toThrow(
      expect.objectContaining({
        code: 'untrustedMetadata',
        details: { role: 'root' },
        message: expect.stringMatching(message),
        cause: expect.any(Error),
      }),
    );
  });
});
