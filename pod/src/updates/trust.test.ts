import { mkdtempSync, rmSync, truncateSync, writeFileSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Repository, tufSigner } from '../repository.fixture.js';
import { Fetcher } from './fetcher.js';
import { Trust } from './trust.js';

let folder: string;
let repository: Repository;
let address: string;
let shipped: Buffer;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pod-trust-'));
  repository = new Repository();
  address = await repository.listen();
  shipped = repository.root(1);
  repository.sign();
});
afterEach(async () => {
  await repository.close();
  rmSync(folder, { recursive: true });
});
const trust = (): Trust => new Trust(folder, new Fetcher(address, ''), shipped);
const versionOf = async (one: Trust): Promise<number> => (await one.refresh()).version;

describe('a timestamp of the same version', () => {
  it('with the same content is no trouble', async () => {
    expect(await versionOf(trust())).toBe(1);
    expect(await versionOf(trust())).toBe(1);
  });

  it('with other content is discarded (TUF 5.4.3.1)', async () => {
    expect(await versionOf(trust())).toBe(1);
    repository.sign(); // snapshot and targets 2, under a timestamp that is then signed as number 1 again
    repository.resignTimestamp(1);
    expect(await versionOf(trust())).toBe(1);
    repository.sign();
    expect(await versionOf(trust())).toBe(3);
  });

  it('signed by somebody else is refused, not discarded', async () => {
    await versionOf(trust());
    repository.resignTimestamp(1, tufSigner());
    await expect(versionOf(trust())).rejects.toMatchObject({ code: 'untrustedMetadata' });
  });
});

describe('the root', () => {
  const rotate = (): void => {
    const before = repository.dao;
    repository.dao = tufSigner();
    repository.files.set('/tuf/2.root.json', repository.root(2, [before, repository.dao]));
  };

  it.each(['cut short', 'garbage'])('that was kept and is damaged (%s) gives way to the shipped one', async (how) => {
    rotate();
    await versionOf(trust());
    const kept = join(folder, 'root.json');
    expect(existsSync(kept)).toBe(true);
    if (how === 'cut short') truncateSync(kept, 20);
    else writeFileSync(kept, 'garbage');
    const one = trust();
    expect(one.keptRootIsDamaged).toBe(true);
    expect(await versionOf(one)).toBe(1);
    expect(trust().keptRootIsDamaged).toBe(false);
  });

  it('that a mirror does not have may be answered with 403, as a bucket does it', async () => {
    repository.instead.set('/tuf/2.root.json', { status: 403, body: '<Error><Code>AccessDenied</Code></Error>' });
    expect(await versionOf(trust())).toBe(1);
  });

  it('whose answer is 503 is not taken to be absent', async () => {
    repository.instead.set('/tuf/2.root.json', { status: 503 });
    await expect(versionOf(trust())).rejects.toMatchObject({ code: 'network' });
  });
});

describe('what is not the repository', () => {
  const html = '<!DOCTYPE html><html><body>Welcome to the hotel. Log in.</body></html>';
  it.each<[string, Parameters<Repository['instead']['set']>[1]]>([
    ['a page', { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body: html }],
    ['a page without a type', { status: 200, body: `\n${html}` }],
    ['a redirection', { status: 302, headers: { location: 'http://portal.example/login' } }],
  ])('(%s of a captive portal) is called that', async (_, answer) => {
    repository.instead.set('*', answer);
    await expect(versionOf(trust())).rejects.toMatchObject({
      code: 'notTheRepository',
      origin: 'way',
      message: expect.stringMatching(/captive portal/),
    });
  });

  it('an HTML page with status 404 is an absent file', async () => {
    repository.instead.set('/tuf/2.root.json', { status: 404, headers: { 'content-type': 'text/html' }, body: html });
    expect(await versionOf(trust())).toBe(1);
  });
});
