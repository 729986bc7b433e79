import { execFile } from 'node:child_process';
import { chmod, link, mkdir, mkdtemp, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';
import { bundledCode, bundleRecipe, modulesHere } from '@livepod/recipes';
import { finishedFiles, finishedMetrics } from './outputs.js';
import { runRecipeProcess, type Epoch, type Recording, type RecipeOrder } from './recipeProcess.js';
import { mustHold } from './room.js';
import { Workspace } from './workspace.js';

const schema = {
  channels: ['x_acc', 'y_acc', 'z_acc', 'x_gyro', 'y_gyro', 'z_gyro'].map((name) => ({
    name,
    unit: name.endsWith('acc') ? 'm/s2' : 'rad/s',
  })),
  rateMilliHz: 100_000,
  labels: ['STILL', 'MOVING'],
  device: 'watch',
};
let folder: string;
let order: RecipeOrder;
let whole: Recording;
let odd: Recording;

const recording = (name: string, person: string, text: string): Recording => {
  const bytes = Buffer.from(text);
  return {
    name,
    person,
    bytes: bytes.length,
    async *pieces() {
      for (let at = 0; at < bytes.length; at += 10_000) yield bytes.subarray(at, at + 10_000);
    },
  };
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'livepod-recipe-'));
  const rows = Array.from({ length: 2000 }, (_, at) =>
    [
      ...Array.from({ length: 6 }, (_, channel) => (at < 1000 ? 0.01 : 3) * Math.sin(at * 0.3 + channel)),
      at < 1000 ? 'STILL' : 'MOVING',
    ].join(','),
  );
  const header = schema.channels.map(({ name }) => name).join(',');
  whole = recording('a.csv', 'one', `${header},label\n${rows.join('\n')}\n`);
  odd = recording('odd.csv', 'two', `${header},label\n1,1,1,1,1,1,PRIVATE-WORD\n`);
  order = {
    code: bundledCode((await bundleRecipe('motion-cnn')).bytes),
    recordings: [whole],
    schema,
    hyperparameters: { epochs: 4, windowsPerEpoch: 128, batch: 16, filters: 8 },
    seed: 1,
    base: null,
    resources: { memoryMiB: 2048, seconds: 300 },
    files: ['model.onnx', 'selftest.json', 'card.md'],
    resume: join(folder, 'resume.bin'),
    outputs: join(folder, 'outputs'),
  };
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('training in a process of its own', () => {
  it('is interrupted, goes on from its last epoch, and leaves the declared files', async () => {
    const stop = new AbortController();
    await expect(
      runRecipeProcess(order, {
        modules: modulesHere,
        onEpoch: ({ epoch }) => void (epoch === 2 && stop.abort()),
        signal: stop.signal,
      }),
    ).rejects.toMatchObject({ code: 'interrupted' });
    const epochs: Epoch[] = [];
    const metrics = await runRecipeProcess(order, { modules: modulesHere, onEpoch: (epoch) => epochs.push(epoch) });
    expect(epochs[0]!.epoch).toBeGreaterThan(2);
    expect(epochs.at(-1)!.epoch).toBe(4);
    expect(Number(metrics['trainingLoss'])).toBeLessThan(2);
    expect((await readdir(order.outputs)).sort()).toEqual(['card.md', 'model.onnx', 'result.json', 'selftest.json']);
    expect(JSON.parse(await readFile(join(order.outputs, 'result.json'), 'utf8'))).toMatchObject({ metrics });
  });

  it('is ended when it says nothing any more, and says how long that was', async () => {
    const silent = `export async function runRecipe() { await new Promise((done) => setTimeout(done, 60_000)); }`;
    const stalled = { ...order, code: silent, resume: join(folder, 'stalled.bin'), outputs: join(folder, 'stalled') };
    await expect(
      runRecipeProcess(stalled, { modules: modulesHere, onEpoch: () => {}, stallMs: 500 }),
    ).rejects.toMatchObject({ code: 'interrupted', message: expect.stringContaining('said nothing for 1 minutes') });
  });

  it("fails with the recipe's code, and without a word of the recordings", async () => {
    const strange = { ...order, resume: join(folder, 'odd.bin'), outputs: join(folder, 'odd'), recordings: [odd] };
    const failure = await runRecipeProcess(strange, { modules: modulesHere, onEpoch: () => {} }).catch(
      (error: unknown) => error as Error,
    );
    expect(failure).toMatchObject({ code: 'trainingFailed', details: { recipeCode: 'unknownLabel' } });
    expect((failure as Error).message).not.toContain('PRIVATE-WORD');
  });
});

describe('a recipe process', () => {
  const small = (code: string, change: Partial<RecipeOrder> = {}): RecipeOrder => ({
    ...order,
    code: `export async function runRecipe(request) { ${code} }`,
    ...{ files: ['a'], resources: { memoryMiB: 192, seconds: 30 } },
    ...{ resume: join(folder, 'small.bin'), outputs: join(folder, 'small') },
    ...change,
  });
  const run = (given: RecipeOrder, withoutSandbox?: string) =>
    runRecipeProcess(given, { modules: null, withoutSandbox, onEpoch: () => {} });
  const honest = `return { files: { a: request.recordings[0].bytes }, metrics: { trainingLoss: '1' } };`;

  it('is ended with the reason when a record cannot be decrypted', async () => {
    const damaged = new Error('damaged');
    const broken: Recording = {
      ...whole,
      async *pieces() {
        yield Buffer.from('x');
        throw damaged;
      },
    };
    await expect(run(small(honest, { recordings: [broken] }))).rejects.toBe(damaged);
  });

  it('is ended beyond the memory and the time that its approval gives it, and not tried again', async () => {
    const memory = small(`const taken = []; for (;;) { taken.push(Buffer.alloc(1 << 20, 1));
      await new Promise((done) => setTimeout(done, 1)); }`);
    await expect(run(memory)).rejects.toMatchObject({ code: 'limitExceeded', details: { limit: 'memory' } });
    const time = small('for (;;);', { resources: { memoryMiB: 192, seconds: 2 } });
    await expect(run(time)).rejects.toMatchObject({ code: 'limitExceeded', details: { limit: 'time' } });
  });

  it('runs without a sandbox by an explicit word alone, and leaves nothing in its folder', async () => {
    const scratch = await mkdtemp('/dev/shm/livepod-without-');
    try {
      expect(await run(small(honest), scratch)).toEqual({ trainingLoss: '1.000000' });
      expect(await readdir(scratch)).toEqual([]);
    } finally {
      await rm(scratch, { recursive: true });
    }
  });

  it('does not run where no sandbox can be made', async () => {
    const { PATH } = process.env;
    process.env['PATH'] = '/nowhere';
    try {
      const elsewhere = { modules: join(folder, 'package.json'), onEpoch: () => {} };
      await expect(runRecipeProcess(small(honest), elsewhere)).rejects.toMatchObject({ code: 'noSandbox' });
    } finally {
      process.env['PATH'] = PATH;
    }
  });

  it('is not handed what another one left undone, and leaves nothing undone itself', async () => {
    await expect(run(small(`throw null;`))).rejects.toMatchObject({ details: { recipeCode: 'unnamed' } });
    expect(await readdir(folder)).not.toContain('small.new');
  });
});

describe('what a trained job left', () => {
  const trained = async (name: string, lay: (place: string) => Promise<unknown>) => {
    const place = join(folder, name);
    await mkdir(place);
    await lay(place);
    return finishedFiles(place, ['model.onnx']);
  };

  it('is not published when it is a symbolic link, a folder, a file of two names, or longer than may be', async () => {
    const secret = join(folder, 'identity.json');
    await writeFile(secret, '{"seed":"00"}');
    const badOutput = { code: 'badOutput' };
    await expect(trained('linked', (at) => symlink(secret, join(at, 'model.onnx')))).rejects.toMatchObject(badOutput);
    await expect(trained('folder', (at) => mkdir(join(at, 'model.onnx')))).rejects.toMatchObject(badOutput);
    await expect(trained('named', (at) => link(secret, join(at, 'model.onnx')))).rejects.toMatchObject(badOutput);
    const sparse = async (at: string) => {
      await writeFile(join(at, 'model.onnx'), '');
      await truncate(join(at, 'model.onnx'), 2 ** 40);
    };
    await expect(trained('sparse', sparse)).rejects.toMatchObject(badOutput);
  });

  it('does not hang on a named pipe, and trains again what is missing', async () => {
    const pipe = (at: string) => promisify(execFile)('mkfifo', [join(at, 'model.onnx')]);
    await expect(trained('pipe', pipe)).rejects.toMatchObject({ code: 'badOutput' });
    await expect(trained('missing', async () => {})).rejects.toMatchObject({ code: 'interrupted' });
    expect(await finishedMetrics(join(folder, 'missing'))).toBeUndefined();
  });
});

describe('a job whose data cannot fit', () => {
  it('is refused before anything is paid', () => {
    const files = [{ bytes: 900 * 2 ** 20 }] as never;
    expect(() => mustHold({ memoryMiB: 2048, seconds: 60 }, [{ files }])).toThrow(/1800|fewer datasets/);
    expect(() => mustHold({ memoryMiB: 2 ** 24, seconds: 60 }, [])).toThrow(/another provider/);
    expect(() => mustHold({ memoryMiB: 1024, seconds: 60 }, [{ files: [] }])).not.toThrow();
  });
});

describe("the provider's workspace", () => {
  it('removes what a killed process left, also what nobody may enter, and keeps its resume point', async () => {
    const scratch = join('/dev/shm', `livepod-test-${process.pid}`);
    const workspace = new Workspace(join(folder, 'disk'), scratch);
    try {
      await workspace.open();
      await workspace.begin(7);
      await writeFile(workspace.resume(7), 'x');
      for (const place of [join(scratch, '7', 'plain', 'inner'), join(scratch, 'run-x', 'inner')]) {
        await mkdir(place, { recursive: true });
        await writeFile(join(place, 'file'), 'x');
        await chmod(place, 0);
        await chmod(join(place, '..'), 0);
      }
      await workspace.open();
      expect(await readdir(scratch)).toEqual(['7']);
      expect(await readdir(join(scratch, '7'))).toEqual(['epochs']);
      await workspace.wipe(7);
      expect(await readdir(scratch)).toEqual([]);
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  });

  it('refuses a scratch folder that lies on a disk', async () => {
    const onDisk = await mkdtemp(join(process.cwd(), '.cache', 'scratch-'));
    await expect(new Workspace(join(folder, 'disk'), onDisk).open()).rejects.toMatchObject({ code: 'scratchOnDisk' });
    await rm(onDisk, { recursive: true });
  });
});
