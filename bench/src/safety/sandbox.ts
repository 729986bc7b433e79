import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { limitsOf, programOf, runRecipeProcess, sandboxWay, startConfined } from '@livepod/activities/sandbox';
import { bundledCode, bundleRecipe, modulesHere } from '@livepod/recipes';
import { BenchError, type BenchOptions, type BenchRow } from '../benchmark.js';
import { median, takeTurns, time } from '../measuring.js';

const STARTS = 15;
const TURNS = 3;
const EPOCHS = 8;
/** The first epoch of a process compiles what the others run. */
const WARM = 2;
const RESOURCES = { memoryMiB: 2048, seconds: 600 };
const CHILD = new URL('../../../activities/src/training/child.ts', import.meta.url);

/** What the sandbox costs that recipes run in. */
export async function sandboxRows(options: BenchOptions): Promise<BenchRow[]> {
  const way = await sandboxWay(modulesHere);
  if (!way) throw new BenchError('partMissing', {}, 'No sandbox can be made here; install bubblewrap: npm run doctor.');
  options.progress('starting sandboxes');
  const start = await startRow(way);
  options.progress('training in a sandbox and without one');
  return [start, await stepRow(options)];
}

/** From the start of the process to the first frame of the program that recipes run in. */
async function startRow(way: NonNullable<Awaited<ReturnType<typeof sandboxWay>>>): Promise<BenchRow> {
  const program = await programOf(CHILD);
  const confined = async (): Promise<number> => {
    let running: Awaited<ReturnType<typeof startConfined>>;
    const ms = await time(async () => {
      running = await startConfined({ program, limits: limitsOf(RESOURCES), modules: modulesHere, way });
      await firstOf(running.reports);
    });
    await running!.stop();
    return ms;
  };
  const bare = async (): Promise<number> => {
    const environment = { LIVEPOD_JOB: '/nowhere' };
    let child: ReturnType<typeof spawn>;
    const ms = await time(async () => {
      child = spawn(process.execPath, ['--eval', program], {
        env: environment,
        stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
      });
      await firstOf(child.stdio[3] as Readable);
    });
    child!.kill('SIGKILL');
    return ms;
  };
  const [mine, theirs] = await takeTurns(STARTS, [confined, bare]);
  const [value, peerValue] = [median(mine!), median(theirs!)];
  return {
    name: 'sandbox start',
    ...{ value, unit: 'ms', peer: 'the same process without', peerValue, ratio: value / peerValue },
    ...{ target: 150, bound: 'most', held: 'value' },
  };
}

const firstOf = (reports: Readable): Promise<unknown> => new Promise((done) => reports.once('data', done));

/** The recipe that the story trains, on made-up recordings: the same process, inside and outside. */
async function stepRow(options: BenchOptions): Promise<BenchRow> {
  const folder = await mkdtemp('/dev/shm/livepod-bench-');
  const code = bundledCode((await bundleRecipe('motion-cnn')).bytes);
  let turn = 0;
  const train = async (withoutSandbox?: string): Promise<number> => {
    const speeds: number[] = [];
    const place = join(folder, String((turn += 1)));
    const order = {
      ...{ code, recordings: [recording()], schema: SCHEMA, seed: 1, base: null, resources: RESOURCES },
      hyperparameters: { epochs: EPOCHS, windowsPerEpoch: 1024 },
      files: ['model.onnx', 'selftest.json', 'card.md'],
      ...{ outputs: `${place}-outputs`, resume: `${place}-resume` },
    };
    await runRecipeProcess(order, {
      modules: modulesHere,
      withoutSandbox,
      onEpoch: ({ windowsPerSecond }) => void speeds.push(windowsPerSecond),
    });
    return median(speeds.slice(WARM));
  };
  try {
    const [mine, theirs] = await takeTurns(TURNS, [() => train(), () => train(folder)]);
    const [value, peerValue] = [median(mine!), median(theirs!)];
    options.note(
      `Training in the sandbox: motion-cnn, medians of ${TURNS} turns of ${EPOCHS} epochs; it may cost 3 %. ` +
        `Its start: medians of ${STARTS}. What else the machine does falls on both alike.`,
    );
    return {
      name: 'training in the sandbox',
      ...{ value, unit: 'windows/s', peer: 'the same process without', peerValue, ratio: value / peerValue },
      target: 0.97,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const SCHEMA = {
  channels: ['x_acc', 'y_acc', 'z_acc', 'x_gyro', 'y_gyro', 'z_gyro'].map((name) => ({
    name,
    unit: name.endsWith('acc') ? 'm/s2' : 'rad/s',
  })),
  rateMilliHz: 100_000,
  labels: ['STILL', 'MOVING'],
  device: 'watch',
};

function recording() {
  const rows = Array.from({ length: 20_000 }, (_, at) => {
    const moving = at % 4000 >= 2000;
    const values = SCHEMA.channels.map((_, channel) => (moving ? 3 : 0.01) * Math.sin(at * 0.3 + channel));
    return [...values, moving ? 'MOVING' : 'STILL'].join(',');
  });
  const bytes = Buffer.from(`${SCHEMA.channels.map(({ name }) => name).join(',')},label\n${rows.join('\n')}\n`);
  return {
    ...{ name: 'a.csv', person: 'one', bytes: bytes.length },
    async *pieces(): AsyncGenerator<Uint8Array> {
      yield bytes;
    },
  };
}
