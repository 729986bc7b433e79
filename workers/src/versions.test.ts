import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildIdOf } from './bundle.js';
import { Bundles } from './versions.js';

const bundleOf = (code: string): { code: string; buildId: string } => ({ code, buildId: buildIdOf(code) });

describe('kept workflow bundles', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'livepod-bundles-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('are kept by many workers at once', async () => {
    const bundles = Array.from({ length: 100 }, (_, number) => bundleOf(`code ${number} ${'x'.repeat(100_000)}`));
    await Promise.all(bundles.map((bundle) => new Bundles(folder).keep(bundle)));
    expect((await readdir(folder)).sort()).toEqual(bundles.map(({ buildId }) => `${buildId}.js`).sort());
  });

  it('are forgotten when nobody has read them for long', async () => {
    const [old, read, fresh] = ['old', 'read', 'fresh'].map(bundleOf) as [
      ReturnType<typeof bundleOf>,
      ReturnType<typeof bundleOf>,
      ReturnType<typeof bundleOf>,
    ];
    const kept = new Bundles(folder);
    await kept.keep(old);
    await kept.keep(read);
    for (const { buildId } of [old, read]) await utimes(join(folder, `${buildId}.js`), 0, 0);
    expect(await kept.read(read.buildId)).toBe('read');
    await kept.keep(fresh);
    expect((await readdir(folder)).sort()).toEqual([`${read.buildId}.js`, `${fresh.buildId}.js`].sort());
    expect(await kept.read(old.buildId)).toBeUndefined();
  });
});
