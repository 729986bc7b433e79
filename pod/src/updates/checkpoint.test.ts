import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { documentId } from '@livepod/protocol';
import { sha256 } from '../hashes.js';
import { checkpointSaying, Repository } from '../repository.fixture.js';
import { ChunkStore, trustedManifest, type TrustedManifest } from './checkpoint.js';
import { Fetcher } from './fetcher.js';
import { Shipped } from './trust.fixture.js';

type Checkpoint = ReturnType<typeof checkpointSaying>;
const good = checkpointSaying(0);

describe('a checkpoint', () => {
  let shipped: Shipped;
  beforeEach(async () => {
    shipped = await Shipped.open();
  });
  afterEach(() => shipped.close());

  /** Reads a target's content under a checkpoint's id, as the repository signs it. */
  function read({ id, target }: Pick<Checkpoint, 'id' | 'target'>): Promise<TrustedManifest> {
    shipped.repository.offer(`checkpoints/${id.slice(7)}.json`, target);
    shipped.repository.sign();
    return trustedManifest(shipped.trust(), id);
  }
  const contentOf = ({ target }: Checkpoint) => JSON.parse(String(target)) as Record<string, unknown>;
  const withContent = (checkpoint: Checkpoint, change: Record<string, unknown>) => ({
    id: checkpoint.id,
    target: Buffer.from(JSON.stringify({ ...contentOf(checkpoint), ...change })),
  });

  it('is believed with its provider’s signature and an evaluator’s', async () => {
    const { manifest, document, report } = await read(good);
    expect(manifest).toMatchObject({ model: 'constant' });
    expect([documentId(document), report !== undefined]).toEqual([good.id, true]);
  });

  it('is believed with an evaluation that does not yet say what ran', async () => {
    await expect(read(checkpointSaying(0, { version: 2 }))).resolves.toBeDefined();
  });

  it('is not another one under its id, though that is signed and measured', async () => {
    const other = checkpointSaying(1);
    await expect(read({ id: good.id, target: other.target })).rejects.toMatchObject({
      code: 'wrongHash',
      details: { checkpoint: good.id },
    });
  });

  it.each([2, 3] as const)('is refused with a signed evaluation of another one, of version %d', async (version) => {
    const { evaluation, evaluationSignature } = contentOf(checkpointSaying(1, { version }));
    await expect(read(withContent(good, { evaluation, evaluationSignature }))).rejects.toMatchObject({
      code: 'notOfficial',
    });
  });

  it.each<[string, Checkpoint | (() => ReturnType<typeof withContent>), string]>([
    ['signed by somebody else', checkpointSaying(0, { signer: 'x' }), 'wrongSigner'],
    ['without evaluation', checkpointSaying(0, { evaluated: false }), 'notOfficial'],
    ['with an evaluation that nobody signed', () => withContent(good, { evaluationSignature: null }), 'notOfficial'],
    ['with a signature of no evaluation', () => withContent(good, { evaluation: null }), 'notOfficial'],
    ['measured by its own provider', checkpointSaying(0, { evaluator: 'provider' }), 'notOfficial'],
    ['of which something else ran', checkpointSaying(0, { ran: `sha256:${'7'.repeat(64)}` }), 'notOfficial'],
    [
      'with the manifest’s signature on both',
      () => {
        const { signature } = contentOf(good);
        return withContent(good, { evaluationSignature: signature });
      },
      'wrongSigner',
    ],
    ['with a signature that is no hex', () => withContent(good, { signature: 'zz' }), 'wrongSigner'],
    ['with a signature cut short', () => withContent(good, { signature: '00' }), 'wrongSigner'],
  ])('%s is refused', async (_, checkpoint, code) => {
    const offered = typeof checkpoint === 'function' ? checkpoint() : checkpoint;
    await expect(read(offered)).rejects.toMatchObject({ code, details: { checkpoint: offered.id } });
  });
});

describe('chunks', () => {
  let folder: string;
  let repository: Repository;
  let chunks: ChunkStore;
  const parts = ['one ', 'two ', 'three'].map((text) => Buffer.from(text));
  const whole = Buffer.concat(parts);
  const file = {
    name: 'model.onnx',
    bytes: whole.length,
    sha256: sha256(whole),
    chunks: parts.map((part) => ({ sha256: sha256(part), bytes: part.length })),
  };
  const path = (part: Buffer): string => `/chunks/${sha256(part)}`;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'pod-chunks-'));
    repository = new Repository();
    chunks = new ChunkStore(join(folder, 'chunks'), new Fetcher(await repository.listen(), ''));
    for (const part of parts) repository.files.set(path(part), part);
  });
  afterEach(async () => {
    await repository.close();
    rmSync(folder, { recursive: true });
  });

  it('make up a file; none is fetched a second time, also not for another file', async () => {
    expect(await chunks.assemble(file)).toEqual(whole);
    repository.requests.length = 0;
    expect(await chunks.assemble(file)).toEqual(whole);
    expect(repository.requests).toEqual([]);
  });

  it('go on where a download ended', async () => {
    repository.files.delete(path(parts[2]!));
    await expect(chunks.assemble(file)).rejects.toMatchObject({
      code: 'network',
      details: { chunk: sha256(parts[2]!) },
    });
    repository.files.set(path(parts[2]!), parts[2]!);
    repository.requests.length = 0;
    expect(await chunks.assemble(file)).toEqual(whole);
    expect(repository.requests).toEqual([path(parts[2]!)]);
  });

  it('with other bytes are the mirror’s, and are not kept', async () => {
    repository.files.set(path(parts[0]!), Buffer.from('ONE '));
    await expect(chunks.assemble(file)).rejects.toMatchObject({ code: 'damagedDownload' });
    repository.files.set(path(parts[0]!), parts[0]!);
    expect(await chunks.assemble(file)).toEqual(whole);
  });

  it('that the manifest calls shorter than they are, are not read to their end', async () => {
    const short = { ...file, chunks: [{ sha256: sha256(parts[2]!), bytes: 4 }] };
    await expect(chunks.assemble(short)).rejects.toMatchObject({ code: 'tooLarge', details: { limit: 4 } });
  });

  it('that the disk has damaged are fetched again', async () => {
    await chunks.assemble(file);
    writeFileSync(join(folder, 'chunks', sha256(parts[1]!)), 'TWO ');
    expect(await chunks.assemble(file)).toEqual(whole);
  });

  it('in another order are not the file', async () => {
    const turned = { ...file, chunks: file.chunks.toReversed() };
    await expect(chunks.assemble(turned)).rejects.toMatchObject({ code: 'wrongHash', details: { file: 'model.onnx' } });
  });

  it('of a whole checkpoint are had before anything is written, and what no slot uses is removed', async () => {
    await chunks.fetch({ files: [file] } as unknown as Parameters<ChunkStore['fetch']>[0]);
    expect(readdirSync(join(folder, 'chunks')).toSorted()).toEqual(parts.map(sha256).toSorted());
    chunks.keepOnly(new Set([sha256(parts[1]!)]));
    expect(readdirSync(join(folder, 'chunks'))).toEqual([sha256(parts[1]!)]);
  });

  it('may be none yet', () => {
    chunks.keepOnly(new Set());
    expect(readdirSync(join(folder, 'chunks'))).toEqual([]);
  });
});
