import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Windows } from '@livepod/recipes';
import { BenchError } from '../benchmark.js';

const SCRIPT = fileURLToPath(new URL('./gradientBoosting.py', import.meta.url));

/** A Python that has LightGBM; `LIVEPOD_PYTHON` names another one than those on PATH. */
export function pythonWithLightGbm(): string | undefined {
  const candidates = [process.env['LIVEPOD_PYTHON'], 'python3', '/usr/bin/python3'];
  return candidates
    .filter((python) => python !== undefined)
    .find((python) => spawnSync(python, ['-c', 'import lightgbm, sklearn']).status === 0);
}

/**
 * LightGBM's answers for each person's windows that `rows` names, fitted on the others'.
 * @throws BenchError `wrongResult` when Python fails
 */
export async function boostedTrees(
  python: string,
  windows: Windows,
  features: Float64Array[],
  leftOut: string[],
  rows: number[],
): Promise<Int16Array> {
  const folder = await mkdtemp(join(tmpdir(), 'livepod-lightgbm-'));
  try {
    const width = features[0]!.length;
    const table = new Float64Array(rows.length * width);
    rows.forEach((at, row) => table.set(features[at]!, row * width));
    const file = join(folder, 'features');
    await writeFile(file, new Uint8Array(table.buffer));
    const answers = await ask(python, [SCRIPT, file, String(width)], {
      label: rows.map((at) => windows.label[at]),
      person: rows.map((at) => windows.person[at]),
      leftOut,
    });
    const predicted = new Int16Array(windows.count).fill(-1);
    rows.forEach((at, row) => (predicted[at] = answers[row]!));
    return predicted;
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function ask(python: string, command: string[], question: object): Promise<number[]> {
  const child = spawn(python, command, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, OMP_NUM_THREADS: '1' },
  });
  child.stdin.end(JSON.stringify(question));
  let answer = '';
  for await (const piece of child.stdout.setEncoding('utf8')) answer += piece as string;
  try {
    return JSON.parse(answer) as number[];
  } catch (cause) {
    throw new BenchError('wrongResult', { python }, `${python} stopped in LightGBM; what it said is above.`, { cause });
  }
}
