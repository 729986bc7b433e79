import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { recipeByName, tensorflow, trainingStep, type DataSchema } from '@livepod/recipes';
import { BenchError, type BenchOptions, type BenchRow } from '../benchmark.js';
import { median, takeTurns } from '../measuring.js';

export const name = 'training';
export const what =
  'windows per second of forward, backward and Adam in TensorFlow.js, against the same network in PyTorch on ' +
  'the same cores';

const ROUNDS = 7;
const STEPS = 30;
const SCHEMA: DataSchema = {
  channels: [
    ...['x_acc', 'y_acc', 'z_acc'].map((axis) => ({ name: axis, unit: 'm/s2' })),
    ...['x_gyro', 'y_gyro', 'z_gyro'].map((axis) => ({ name: axis, unit: 'rad/s' })),
  ],
  rateMilliHz: 104_000,
  labels: ['SEATED', 'STANDING_UP', 'WALKING', 'TURNING', 'SITTING_DOWN'],
};

export async function run(options: BenchOptions): Promise<BenchRow[]> {
  const { hyperparameters } = recipeByName('motion-cnn').declaration;
  const batch = Number(hyperparameters['batch']!.default);
  const filters = Number(hyperparameters['filters']!.default);
  const { notice } = await tensorflow();
  const step = await trainingStep(SCHEMA, { batch, filters });
  const ours = async (steps: number) => {
    const begun = performance.now();
    for (let at = 0; at < steps; at += 1) step.run();
    await step.settle();
    return (steps * batch) / ((performance.now() - begun) / 1000);
  };
  const row = (value: number, peerValue: number | null): BenchRow => ({
    name: 'training',
    value,
    unit: 'windows/s',
    peer: peerValue === null ? null : 'PyTorch',
    peerValue,
    ratio: peerValue === null ? null : value / peerValue,
    target: peerValue === null ? null : 0.35,
  });
  const torch = await pytorch(batch, filters);
  try {
    await ours(STEPS);
    if (!torch) {
      options.note(
        'PyTorch is not installed here, so there is nothing to compare with; on Debian: apt-get install python3-torch.',
      );
      return [row(median((await takeTurns(ROUNDS, [() => ours(STEPS)]))[0]!), null)];
    }
    await torch.train(STEPS);
    const [mine, theirs] = await takeTurns(ROUNDS, [() => ours(STEPS), () => torch.train(STEPS)]);
    options.note(
      `${notice}; PyTorch ${torch.version}, ${availableParallelism()} threads each; ${step.parameters} and ` +
        `${torch.parameters} parameters; batch ${batch}; medians of ${ROUNDS} turns of ${STEPS} steps.`,
    );
    options.note(
      'What limits it: TensorFlow.js runs the graph one operation at a time, and each one passes from ' +
        "JavaScript through N-API into TensorFlow; PyTorch's calls cost less and its batch norm is fused.",
    );
    return [row(median(mine!), median(theirs!))];
  } finally {
    torch?.stop();
    step.dispose();
  }
}

interface Pytorch {
  version: string;
  parameters: number;
  train(steps: number): Promise<number>;
  stop(): void;
}

/** Debian's own Python first: another one on PATH rarely has torch. */
async function pytorch(batch: number, filters: number): Promise<Pytorch | null> {
  const python = ['/usr/bin/python3', 'python3'].find(
    (candidate) => spawnSync(candidate, ['-c', 'import torch']).status === 0,
  );
  if (!python) return null;
  const script = fileURLToPath(new URL('./motion_cnn.py', import.meta.url));
  const child: ChildProcess = spawn(
    python,
    [script, ...[batch, SCHEMA.channels.length, SCHEMA.labels.length, filters, availableParallelism()].map(String)],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
      // OpenMP's threads spin while they wait; where the cores are shared, that made PyTorch ten times slower than it
      // is.
      env: { ...process.env, OMP_WAIT_POLICY: 'PASSIVE' },
    },
  );
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await lines.next();
    if (done)
      throw new BenchError('wrongResult', { python }, `${python} stopped while it trained; what it said is above.`);
    return JSON.parse(value as string) as Record<string, never>;
  };
  const { ready, parameters } = await answer();
  return {
    version: ready!,
    parameters: parameters!,
    train: async (steps) => {
      child.stdin!.write(`${steps}\n`);
      return (await answer())['windowsPerSecond']!;
    },
    stop: () => void child.kill(),
  };
}
