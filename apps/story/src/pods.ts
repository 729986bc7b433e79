import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect, voucherFor } from '@livepod/client';
import { readNetwork } from '@livepod/client/node';
import type { ProcessHandle, Recordings, Stack } from '@livepod/stack';
import { podName, type Cast } from './cast.js';
import { until } from './patience.js';

/** What a pod says of itself (GET /status). */
export interface PodStatus {
  id: string;
  name: string;
  version: number;
  sequence: number;
  phase: string;
  history: { version: number; at: string; why: string }[];
  counters: { windows: number; corrections: number; errors: number };
  trouble: { code: string; origin: string; message: string; remedy: string } | null;
}

const POD = fileURLToPath(new URL('../../../pod/src/main.ts', import.meta.url));
/** The story's pods live fast: twenty-five windows a second where a watch makes two. */
const SPEED = '12';

/** Six devices on one machine: each a process with a key, a state folder and a person of its own. */
export class Pods {
  private readonly running = new Map<string, ProcessHandle>();

  constructor(
    private readonly stack: Stack,
    private readonly cast: Cast,
    private readonly recordings: Recordings,
  ) {}

  async start(owners: readonly string[], rootPath: string): Promise<void> {
    const names = owners.map((_, index) => podName(index + 1));
    if (this.stack.owned) await this.vouch();
    const started = await Promise.all(owners.map((person, index) => this.startOne(names[index]!, person, rootPath)));
    // In the order of their names, not in that in which they were ready: that is another one at every start.
    for (const [index, handle] of started.entries()) this.running.set(names[index]!, handle);
  }

  /** The operator lets devices enrol: a pod finds the voucher beside the network file. */
  private async vouch(): Promise<void> {
    const clients = await connect(readNetwork(this.stack.networkFile));
    const voucher = await voucherFor(clients, this.cast.seed('operator'), { channel: 'stable', pods: 100, days: 365 });
    writeFileSync(join(dirname(this.stack.networkFile), 'voucher.txt'), `${voucher}\n`, { mode: 0o600 });
  }

  /** What every pod says now. @throws StoryError `tookTooLong` when one does not answer */
  async status(): Promise<PodStatus[]> {
    return Promise.all(
      [...this.running.keys()].map((name) => until(`${name} answering`, () => ask(this.state(name)), 60)),
    );
  }

  /** Waits until every pod has run these versions in this order, others in between or not. */
  async allHaveRun(versions: number[], seconds: number): Promise<void> {
    const hasRun = ({ history }: PodStatus): boolean => {
      const run = history.map((entry) => entry.version);
      return inOrder(versions, run);
    };
    await until(
      `all pods having run version ${versions.join(', then ')}`,
      async () => (await this.status()).every(hasRun) || undefined,
      seconds,
    );
  }

  /** Waits until every pod runs this version. */
  async allAt(version: number, seconds: number): Promise<PodStatus[]> {
    return until(
      `all pods at version ${version}`,
      async () => {
        const pods = await this.status();
        return pods.every((pod) => pod.version === version) ? pods : undefined;
      },
      seconds,
    );
  }

  /** What a pod keeps. */
  private state(name: string): string {
    return join(this.stack.state, 'pods', name, 'state');
  }

  private async startOne(name: string, person: string, rootPath: string): Promise<ProcessHandle> {
    const folder = join(this.stack.state, 'pods', name);
    const own = join(folder, 'motion'); // the pod sees its person's motion, and no other
    mkdirSync(own, { recursive: true });
    if (!existsSync(join(own, person))) symlinkSync(join(this.recordings.folder, person), join(own, person));
    this.cast.identity(name);
    return this.stack.owned
      ? this.stack.startProcess({
          name,
          ready: { line: 'ready' },
          command: process.execPath,
          args: [
            '--import',
            'tsx',
            POD,
            '--network',
            this.stack.networkFile,
            '--identity',
            this.cast.file(name),
            '--state',
            this.state(name),
            '--root',
            rootPath,
            '--recordings',
            own,
            '--person',
            person,
            '--name',
            name,
            '--speed',
            SPEED,
            '--poll',
            '1',
          ],
        })
      : this.stack.process(name);
  }
}

/** Asks the pod of a state folder, at the address and with the token that it has handed out there. */
async function ask(state: string): Promise<PodStatus> {
  const { address, token } = JSON.parse(readFileSync(join(state, 'api.json'), 'utf8')) as Record<string, string>;
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(`${address}/status`, { headers, signal: AbortSignal.timeout(5_000) });
  if (!response.ok) throw new Error(`The pod in ${state} answers ${response.status}.`);
  return (await response.json()) as PodStatus;
}

/** Whether `all` holds `some` in their order. */
export function inOrder(some: readonly number[], all: readonly number[]): boolean {
  let found = 0;
  for (const one of all) if (one === some[found]) found += 1;
  return found === some.length;
}

/** The TUF root that devices are shipped with. */
export function shipRoot(state: string, root: Uint8Array): string {
  const path = join(state, 'root.json');
  rmSync(path, { force: true });
  writeFileSync(path, root);
  return path;
}
