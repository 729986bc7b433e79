/** A pod's surroundings for tests: a person's recordings, a repository on loopback, and a fleet that notes reports. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Channel } from '@livepod/protocol';
import { Fetcher, Pod, type Fleet, type PodOptions } from './index.js';
import { Repository, checkpointSaying } from './repository.fixture.js';
import type { Runtime } from './runtime/runtime.js';
import type { Trouble } from './trouble.js';

export const PRINCIPAL = new Uint8Array([1, 2, 3]);
export const EVERYBODY = 'f'.repeat(16);
export type Checkpoint = ReturnType<typeof checkpointSaying>;

/** Forty samples of which the second model says that they are MOVING, and the person STILL. */
export function motionOf(label: string, rows = 40, value = '0.5'): string {
  const lines = Array.from({ length: rows }, (_, row) => `${value},${value},${row * 20},${label}\n`);
  return `x,y,timestamp,label\n${lines.join('')}`;
}

export class Home {
  readonly folder = mkdtempSync(join(tmpdir(), 'pod-'));
  readonly recordings = join(this.folder, 'recordings');
  readonly repository = new Repository();
  readonly shippedRoot = this.repository.root(1);
  readonly reports: Parameters<Fleet['report']>[0][] = [];
  readonly fleet: Fleet = { report: async (report) => void this.reports.push(report) };
  /** Event by event. */
  readonly log: { event: string; details?: Record<string, unknown> }[] = [];
  /** Where pods keep what they keep. */
  state = join(this.folder, 'state');
  address = '';
  private readonly pods: Pod[] = [];

  static async open(): Promise<Home> {
    const home = new Home();
    home.records(motionOf('STILL'));
    home.address = await home.repository.listen();
    return home;
  }

  async close(): Promise<void> {
    await Promise.all(this.pods.map((pod) => pod.stop()));
    await this.repository.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  records(csv: string, file = 'p1_01_sw.csv', person = 'p1'): void {
    mkdirSync(join(this.recordings, person), { recursive: true });
    writeFileSync(join(this.recordings, person, file), csv);
  }

  pod(options: Partial<Omit<PodOptions, 'motion'> & PodOptions['motion']> = {}): Pod {
    const { recordings = this.recordings, person = 'p1', windowsPerSecond = 1, ...more } = options;
    const made = new Pod({
      principal: PRINCIPAL,
      name: 'test',
      channel: 'stable',
      directory: this.state,
      shippedRoot: this.shippedRoot,
      fetcher: new Fetcher(this.address, ''),
      fleet: this.fleet,
      motion: { recordings, person, windowsPerSecond },
      log: (event, details) => void this.log.push({ event, details }),
      ...more,
    });
    this.pods.push(made);
    return made;
  }

  /** A pod that runs `good` as version 1. */
  async running(good: Checkpoint, options: Parameters<Home['pod']>[0] = {}): Promise<Pod> {
    this.repository.publish(channel(1, good), [good]);
    const one = this.pod(options);
    await one.turn();
    return one;
  }
}

export const channel = (
  sequence: number,
  stable: Checkpoint | null,
  candidate: Channel['candidate'] = null,
  version = 1,
): Channel => ({
  type: 'livepod.channel/v1',
  channel: 'stable',
  sequence,
  stable: stable && { checkpoint: stable.id, version },
  candidate,
  reason: 'test',
});

export const candidateOf = (
  checkpoint: Checkpoint,
  threshold = EVERYBODY,
  version = 2,
  release = 7,
): Channel['candidate'] => ({ release, checkpoint: checkpoint.id, version, threshold });

export const versionOf = (one: Pod) => one.status().version;
export const historyOf = (one: Pod) => (one.status().history as { version: number }[]).map(({ version }) => version);
export const troubleOf = (one: Pod) => one.status().trouble as Trouble | null;

const runtimeOf = (one: Pod): Runtime =>
  (one as unknown as { switch: { running: { runtime: Runtime } } }).switch.running.runtime;

/** The process that holds the model now. */
export const pidOf = (one: Pod): number | undefined => runtimeOf(one).pid;

/** Checkpoints that a pod will not try again. */
export const refusalsOf = (one: Pod): unknown[] =>
  (one as unknown as { state: { value: { refused: unknown[] } } }).state.value.refused;

/** Ends the model's process from outside, as a device does it. */
export async function kill(one: Pod, signal: NodeJS.Signals): Promise<void> {
  const runtime = runtimeOf(one);
  await new Promise<void>((resolve) => {
    runtime.once('died', () => resolve());
    process.kill(runtime.pid!, signal);
  });
}

/** Ends a pod as a power cut does: nothing is written any more, and its folder is free. */
export async function crash(one: Pod): Promise<void> {
  await kill(one, 'SIGKILL');
  (one as unknown as { letGo: () => void }).letGo();
}

/** Turn after turn, for ten seconds at most. */
export async function until(reached: () => boolean, turn: () => Promise<unknown> = async () => {}): Promise<void> {
  for (let left = 100; left > 0 && !reached(); left -= 1) {
    await turn();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  if (!reached()) throw new Error('It was not reached within ten seconds of turns.');
}
