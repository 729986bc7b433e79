import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { checkpointSaying } from '../repository.fixture.js';
import { Disk, trusted } from './slots.fixture.js';
import { evaluationIn, hashOf } from './slots.js';

const good = checkpointSaying(0);
/** The same model under another manifest: its self-test differs by a hair. */
const better = checkpointSaying(0, { selfTest: 0.0001 });
const bad = checkpointSaying(1);

let disk: Disk;
beforeEach(async () => {
  disk = await Disk.open();
  disk.offer(good, better, bad);
});
afterEach(() => disk.close());

const fill = (slot: 'a' | 'b' | 'bootstrap', checkpoint = good) =>
  disk.slots.fill(slot, trusted(checkpoint), disk.chunks);
const damaged = (checkpoint = good, file?: string) =>
  expect.objectContaining({
    code: 'slotDamaged',
    details: { slot: 'a', checkpoint: checkpoint.id, ...(file === undefined ? {} : { file }) },
  });
/** What is thrown, if anything is. */
function thrown(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('a slot', () => {
  it('that was filled is whole, with what the evaluator signed', async () => {
    await fill('a');
    const found = disk.slots.whole('a', good.id);
    expect(found).toMatchObject({ manifest: { model: 'constant' } });
    expect(evaluationIn(found.report!)?.checkpoint).toBe(good.id);
  });

  it('keeps nothing of what was in it before', async () => {
    await fill('a');
    writeFileSync(disk.path('a', 'left'), 'x');
    await fill('a', bad);
    expect(existsSync(disk.path('a', 'left'))).toBe(false);
    expect(thrown(() => disk.slots.whole('a', good.id))).toEqual(damaged(good));
    expect(disk.slots.whole('a', bad.id)).toBeDefined();
  });

  it('is not whole before its last file is there: the manifest comes last', async () => {
    const [path] = [...disk.repository.files.keys()].filter((name) => name.startsWith('/chunks/')).slice(-1);
    disk.repository.files.delete(path!);
    await expect(fill('a', bad)).rejects.toMatchObject({ code: 'network' });
    expect(existsSync(disk.path('a', 'manifest.json'))).toBe(false);
  });

  it('that is empty is not whole', () => {
    expect(thrown(() => disk.slots.manifest('a', good.id))).toEqual(damaged());
    expect(thrown(() => disk.slots.whole('a', good.id))).toEqual(damaged());
  });

  it.each(['model.onnx', 'selftest.json'])('with a damaged %s is not whole, and says which file', async (file) => {
    await fill('a');
    writeFileSync(disk.path('a', file), 'x');
    expect(thrown(() => disk.slots.whole('a', good.id))).toEqual(damaged(good, file));
    rmSync(disk.path('a', file));
    expect(thrown(() => disk.slots.whole('a', good.id))).toEqual(damaged(good, file));
    expect(disk.slots.manifest('a', good.id)).toBeDefined();
  });

  it.each<[string, Uint8Array]>([
    ['empty', new Uint8Array()],
    ['half there', trusted(good).document.subarray(0, 200)],
    ['another one’s', trusted(bad).document],
  ])('whose manifest is %s is not whole', async (_, content) => {
    await fill('a');
    writeFileSync(disk.path('a', 'manifest.json'), content);
    expect(thrown(() => disk.slots.manifest('a', good.id))).toEqual(damaged());
  });

  it('whose evaluation is damaged, or of another checkpoint, is not whole; without one it is an old one', async () => {
    await fill('a');
    for (const content of ['{}', trusted(bad).report!]) {
      writeFileSync(disk.path('a', 'evaluation.json'), content);
      expect(thrown(() => disk.slots.manifest('a', good.id))).toEqual(damaged());
    }
    rmSync(disk.path('a', 'evaluation.json'));
    expect(disk.slots.whole('a', good.id).report).toBeUndefined();
  });

  it('does not keep the evaluation of what was in it before', async () => {
    await fill('a');
    await disk.slots.mend('a', { ...trusted(bad), report: undefined }, disk.chunks);
    expect(disk.slots.whole('a', bad.id).report).toBeUndefined();
  });

  it('that the disk can no longer read is damaged; one that may not be read is an error of its own', async () => {
    await fill('a');
    rmSync(disk.path('a', 'model.onnx'));
    symlinkSync('/proc/self/mem', disk.path('a', 'model.onnx')); // reading it at 0 is EIO
    expect(thrown(() => disk.slots.whole('a', good.id))).toEqual(damaged(good, 'model.onnx'));
    rmSync(disk.path('a', 'model.onnx'));
    mkdirSync(disk.path('a', 'model.onnx'));
    expect(thrown(() => disk.slots.whole('a', good.id))).toMatchObject({ code: 'EISDIR' });
  });
});

describe('a damaged slot', () => {
  it('is mended from another one that has the same bytes, without the network', async () => {
    await fill('a');
    await fill('b');
    rmSync(`${disk.folder}/chunks`, { recursive: true });
    const before = disk.fetched;
    writeFileSync(disk.path('a', 'model.onnx'), 'x');
    await disk.slots.mend('a', trusted(good), disk.chunks);
    expect([disk.slots.whole('a', good.id).report !== undefined, disk.fetched]).toEqual([true, before]);
  });

  it('is mended from chunks where no other one has the same: what is whole stays as it is', async () => {
    await fill('a');
    await fill('b', bad);
    rmSync(`${disk.folder}/chunks`, { recursive: true });
    const before = disk.fetched;
    writeFileSync(disk.path('a', 'model.onnx'), 'x');
    await disk.slots.mend('a', trusted(good), disk.chunks);
    expect([disk.slots.whole('a', good.id) !== undefined, disk.fetched]).toEqual([true, before + 1]);
  });

  it('takes nothing from another one that is damaged too', async () => {
    await fill('a');
    await fill('b');
    writeFileSync(disk.path('a', 'model.onnx'), 'x');
    writeFileSync(disk.path('b', 'model.onnx'), 'y');
    await disk.slots.mend('a', trusted(good), disk.chunks);
    expect(disk.slots.whole('a', good.id)).toBeDefined();
  });
});

describe('documents', () => {
  it('are found in the slot itself, or in another one that holds the same checkpoint', async () => {
    await fill('b');
    expect(disk.slots.found('a', good.id).document).toEqual(trusted(good).document);
    await fill('a', bad);
    expect(disk.slots.found('a', good.id).document).toEqual(trusted(good).document);
    expect(disk.slots.found('a', bad.id).document).toEqual(trusted(bad).document);
    expect(thrown(() => disk.slots.found('a', better.id))).toEqual(damaged(better));
  });

  it('that may not be read are an error, and not taken for damage', async () => {
    await fill('b');
    mkdirSync(disk.path('a', 'manifest.json'), { recursive: true });
    expect(thrown(() => disk.slots.found('a', good.id))).toMatchObject({ code: 'EISDIR' });
  });

  it('name each file’s hash, or the checkpoint is refused', () => {
    const { manifest } = trusted(good);
    expect(hashOf(manifest, 'model.onnx')).toBe(manifest.files[0]!.sha256);
    expect(hashOf(manifest, 'selftest.json')).toBe(manifest.files[1]!.sha256);
    expect(thrown(() => hashOf(manifest, 'other'))).toMatchObject({
      code: 'modelDoesNotLoad',
      details: { name: 'other' },
    });
  });
});
