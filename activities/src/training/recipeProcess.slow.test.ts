import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { bundledCode, bundleRecipe, modulesHere } from '@livepod/recipes';
import { runRecipeProcess, type Epoch, type RecipeOrder } from './recipeProcess.js';
import { sandboxWorks } from './sandbox.js';
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

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'livepod-recipe-'));
  const rows = Array.from({ length: 2000 }, (_, at) =>
    [
      ...Array.from({ length: 6 }, (_, channel) => (at < 1000 ? 0.01 : 3) * Math.sin(at * 0.3 + channel)),
      at < 1000 ? 'STILL' : 'MOVING',
    ].join(','),
  );
  await mkdir(join(folder, 'plain'));
  await writeFile(
    join(folder, 'plain', 'a.csv'),
    `${schema.channels.map(({ name }) => name).join(',')},label\n${rows.join('\n')}\n`,
  );
  await writeFile(
    join(folder, 'plain', 'odd.csv'),
    `${schema.channels.map(({ name }) => name).join(',')},label\n1,1,1,1,1,1,PRIVATE-WORD\n`,
  );
  order = {
    code: bundledCode((await bundleRecipe('motion-cnn')).bytes),
    recordings: [{ name: 'a.csv', person: 'one', path: join(folder, 'plain', 'a.csv') }],
    schema,
    hyperparameters: { epochs: 4, windowsPerEpoch: 128, batch: 16, filters: 8 },
    seed: 1,
    base: null,
    epochs: join(folder, 'epochs'),
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
    const { metrics } = await runRecipeProcess(order, { modules: modulesHere, onEpoch: (epoch) => epochs.push(epoch) });
    expect(epochs[0]!.epoch).toBeGreaterThan(2);
    expect(epochs.at(-1)!.epoch).toBe(4);
    expect(Number(metrics['trainingLoss'])).toBeLessThan(2);
    expect((await readdir(order.outputs)).sort()).toEqual(['card.md', 'model.onnx', 'result.json', 'selftest.json']);
    expect(JSON.parse(await readFile(join(order.outputs, 'result.json'), 'utf8'))).toMatchObject({ metrics });
  });

  it('is ended when it says nothing any more, and says how long that was', async () => {
    const silent = `export async function runRecipe() { await new Promise((done) => setTimeout(done, 60_000)); }`;
    const stalled = {
      ...order,
      code: silent,
      epochs: join(folder, 'stalled'),
      outputs: join(folder, 'stalled-outputs'),
    };
    await expect(
      runRecipeProcess(stalled, { modules: modulesHere, onEpoch: () => {}, stallMs: 500 }),
    ).rejects.toMatchObject({ code: 'interrupted', message: expect.stringContaining('said nothing for 1 minutes') });
  });

  it("fails with the recipe's code, and without a word of the recordings", async () => {
    const odd = {
      ...order,
      epochs: join(folder, 'odd'),
      recordings: [{ name: 'odd.csv', person: 'two', path: join(folder, 'plain', 'odd.csv') }],
    };
    const failure = await runRecipeProcess(odd, { modules: modulesHere, onEpoch: () => {} }).catch(
      (error: unknown) => error as Error,
    );
    expect(failure).toMatchObject({ code: 'trainingFailed', details: { recipeCode: 'unknownLabel' } });
    expect((failure as Error).message).not.toContain('PRIVATE-WORD');
  });
});

describe('a hostile recipe in the sandbox', () => {
  const attempt = async (act: string) => {
    const hidden = join(folder, 'secrets');
    await mkdir(hidden, { recursive: true });
    await writeFile(join(hidden, 'identity.json'), '{"seed":"00"}');
    const code = `import { readFile, writeFile } from 'node:fs/promises';
      export async function runRecipe() {
        let outcome = 'done';
        try { ${act} } catch (error) { outcome = 'refused'; }
        return { files: {}, metrics: { outcome }, backend: '' };
      }`;
    const hostile = { ...order, code, epochs: join(folder, 'hostile'), outputs: join(folder, 'hostile-outputs') };
    return (await runRecipeProcess(hostile, { modules: modulesHere, hidden: [hidden], onEpoch: () => {} })).metrics[
      'outcome'
    ];
  };

  it.each([
    ['call out', "await fetch('http://127.0.0.1:' + PORT)"],
    ['write outside of its job', "await writeFile('FOLDER/elsewhere', 'x')"],
    ["read its provider's identity", "await readFile('FOLDER/secrets/identity.json')"],
    ["read its provider's environment", "await readFile('/proc/PARENT/environ')"],
  ])('cannot %s', async (_, act) => {
    if (!(await sandboxWorks())) return console.warn('bubblewrap does not work here: recipes run without a sandbox');
    const server = createServer((socket) => socket.end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    try {
      expect(
        await attempt(
          act.replace('PORT', String(port)).replace('FOLDER', folder).replace('PARENT', String(process.pid)),
        ),
      ).toBe('refused');
    } finally {
      server.close();
    }
  });
});

describe("the provider's workspace", () => {
  it('removes plaintext that a killed process left, and keeps what training resumes from', async () => {
    const scratch = join('/dev/shm', `livepod-test-${process.pid}`);
    const workspace = new Workspace(join(folder, 'disk'), scratch);
    try {
      await workspace.open();
      for (const place of [workspace.plain(7), workspace.epochs(7)]) {
        await mkdir(place, { recursive: true });
        await writeFile(join(place, 'file'), 'x');
      }
      await workspace.open();
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
