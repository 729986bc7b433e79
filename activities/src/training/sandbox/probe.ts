import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { modulesHere } from '@livepod/recipes';
import { ActivityError } from '../../errors.js';
import { removeAll } from '../removal.js';
import { limitsOf, type Limits } from './confine.js';
import type { Attempt, Target } from './probeProgram.js';
import { programOf } from './program.js';
import { startConfined, type Start } from './start.js';
import { sandboxWay } from './ways.js';

/** What somebody writes who lets recipes run without a sandbox. */
export const WITHOUT_SANDBOX = 'I accept that a recipe can read and send everything that this provider can';

/** What a sandbox was found to keep. */
export interface Probed {
  /** Nothing of what an attacker would try succeeded. */
  holds: boolean;
  /** How it is made; null where this machine cannot. */
  way: 'userNamespace' | 'root' | null;
  /** What keeps memory and processes within their limits. */
  limits: 'cgroup' | 'rlimits';
  /** What was tried. */
  tried: string[];
  /** What succeeded of it. */
  succeeded: string[];
}

/** A small sandbox: what is tried goes beyond its limits soon. */
const LIMITS: Limits = { ...limitsOf({ memoryMiB: 256, seconds: 30 }), scratchMiB: 16 };
const REACHED = [
  'network',
  'sockets',
  'hidden files',
  'other processes',
  'capabilities',
  'system calls',
  'writing outside',
];
const BEYOND: [Attempt, string, Partial<Limits>][] = [
  ['memory', 'memory', {}],
  ['processes', 'processes', { processes: 48 }],
  ['fileSize', 'file size', {}],
  ['time', 'time', { seconds: 1 }],
];

/**
 * Tries in the very sandbox that recipes run in what an attacker would: to reach anything outside, and to go beyond
 * each limit.
 *
 * @param modules  a file beside whose node_modules TensorFlow.js is installed
 * @param hidden   files that nobody but the provider may read
 * @param by       how it is made, where that is not this machine's first way
 */
export async function probeSandbox(modules: string | null, hidden: string[] = [], by?: Probed['way']): Promise<Probed> {
  const way = by ?? (await sandboxWay(modules));
  const tried = [...REACHED, ...BEYOND.map(([, name]) => name)];
  if (!way) return { holds: false, way: null, limits: 'rlimits', tried: [], succeeded: [] };
  const start = { program: await programOf(new URL('./probeProgram.ts', import.meta.url)), modules, way };
  const bait = await Bait.lay(hidden);
  try {
    const reach = await attempt({ ...start, limits: LIMITS }, bait.target('reach', LIMITS));
    const succeeded = [...reach.succeeded];
    for (const [kind, name, change] of BEYOND) {
      const limits = { ...LIMITS, ...change };
      const { succeeded: found } = await attempt({ ...start, limits }, bait.target(kind, limits));
      if (found.length > 0) succeeded.push(name);
    }
    if (bait.taken) succeeded.push('network');
    return { holds: succeeded.length === 0, way, limits: reach.bound, tried, succeeded };
  } finally {
    await bait.remove();
  }
}

/** @throws ActivityError `noSandbox` · `sandboxLeaks`: no work is taken on then */
export async function mustHoldSandbox(hidden: string[]): Promise<Probed> {
  const probed = await probeSandbox(modulesHere, hidden);
  if (probed.holds) return probed;
  if (probed.way === null)
    throw new ActivityError(
      'noSandbox',
      {},
      'Recipes cannot be confined on this machine; install bubblewrap (Debian: apt-get install bubblewrap), and let ' +
        'it make namespaces (docs/providers.md).',
    );
  throw new ActivityError(
    'sandboxLeaks',
    { succeeded: probed.succeeded },
    `A recipe could get out of its sandbox on this machine (${probed.succeeded.join(', ')}), so none is run.`,
  );
}

/** Without an answer, the attempt was ended before it succeeded. */
async function attempt(start: Start, target: Target): Promise<{ succeeded: string[]; bound: 'cgroup' | 'rlimits' }> {
  const running = await startConfined(start);
  try {
    const bound = await running.bound();
    running.input.end(JSON.stringify(target));
    const said: Buffer[] = [];
    for await (const piece of running.reports) said.push(piece as Buffer);
    const text = Buffer.concat(said).toString();
    if (text === '' && target.attempt === 'reach') return { succeeded: ['the probe itself did not end'], bound };
    return { succeeded: text === '' ? [] : (JSON.parse(text) as string[]), bound };
  } finally {
    await running.stop();
  }
}

/** What there would be to find for somebody who got out. */
class Bait {
  taken = false;

  private constructor(
    private readonly folder: string,
    private readonly servers: Server[],
    private readonly found: Pick<Target, 'port' | 'abstractSocket' | 'socket' | 'hidden'>,
  ) {
    for (const server of servers)
      server.on('connection', (socket) => {
        this.taken = true;
        socket.destroy();
      });
  }

  static async lay(hidden: string[]): Promise<Bait> {
    const folder = await mkdtemp(join(tmpdir(), 'livepod-probe-'));
    const secret = join(folder, 'secret.json');
    await writeFile(secret, '{}');
    const socket = join(folder, 'socket');
    const abstractSocket = `livepod-${randomUUID()}`;
    const network = await listening(createServer(), { host: '127.0.0.1', port: 0 });
    const servers = [
      network,
      await listening(createServer(), { path: `\0${abstractSocket}` }),
      await listening(createServer(), { path: socket }),
    ];
    const { port } = network.address() as AddressInfo;
    return new Bait(folder, servers, {
      port,
      abstractSocket,
      socket,
      hidden: [secret, ...hidden.map((path) => resolve(path))],
    });
  }

  target(attempt: Attempt, { memoryMiB, scratchMiB, processes }: Limits): Target {
    const environmentWord = 'LIVEPOD_IDENTITY=';
    return {
      ...this.found,
      ...{ attempt, memoryMiB, scratchMiB, processes, environmentWord },
      folder: this.folder,
      parent: process.pid,
    };
  }

  async remove(): Promise<void> {
    for (const server of this.servers) server.close();
    await removeAll(this.folder);
  }
}

async function listening(server: Server, where: { host: string; port: number } | { path: string }): Promise<Server> {
  server.listen(where);
  await once(server, 'listening');
  return server;
}
