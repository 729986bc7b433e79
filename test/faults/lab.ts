import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { motionRecording } from '@livepod/activities/testing';
import { approve, connect, stake, type Network } from '@livepod/client';
import { installAll } from '@livepod/client/install';
import { readNetwork, saveIdentity, updateNetwork } from '@livepod/client/node';
import { documentId } from '@livepod/protocol';
import { recipeDocument } from '@livepod/recipes';
import {
  bringUp,
  cache,
  keyRings,
  s3Environment,
  workerProcess,
  type Base,
  type ProcessSpec,
  type Stack,
  type WorkerName,
} from '@livepod/stack';
import { connectClient, type TemporalClient } from '@livepod/workers';
import { Control } from './control.js';
import { identity, insist, People, principal, TOKEN } from './people.js';
import { S3Proxy } from './s3Proxy.js';

const here = (file: string): string => fileURLToPath(new URL(`./${file}`, import.meta.url));
/** Three hosts of one provider: a step that hangs holds the only slot of its host. */
const WORKERS: readonly { name: string; role: WorkerName; identity: string }[] = [
  { name: 'orchestrator', role: 'orchestrator', identity: 'orchestrator' },
  { name: 'provider', role: 'provider', identity: 'provider' },
  { name: 'provider-2', role: 'provider', identity: 'provider' },
  { name: 'provider-3', role: 'provider', identity: 'provider' },
  { name: 'evaluator', role: 'evaluator', identity: 'evaluator' },
];

/** Milliseconds by which a role's clock is wrong. */
export type Shifts = Partial<Record<WorkerName, number>>;

/** The real stack with its real workers, in which anything can be made to fail, and the people who act on it. */
export class Lab {
  stack!: Stack;
  network!: Network;
  people!: People;
  temporal!: TemporalClient;
  provider!: TemporalClient;
  recipe!: string;
  readonly control: Control;
  private proxy!: S3Proxy;
  private proxyUrl = '';

  private constructor(
    readonly state: string,
    private readonly own: boolean,
    readonly tell: (line: string) => void,
  ) {
    this.control = new Control({ kill: (server) => this.kill(server) }, tell);
  }

  /** @param state  kept when given; else a folder of its own, removed at the end */
  static async open(options: { state?: string | undefined; tell: (line: string) => void }): Promise<Lab> {
    const lab = new Lab(
      options.state ?? (await mkdtemp(join(tmpdir(), 'livepod-faults-'))),
      options.state === undefined,
      options.tell,
    );
    try {
      await lab.begin();
      return lab;
    } catch (error) {
      await lab.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.people?.stop();
    await Promise.all([this.temporal?.connection.close(), this.provider?.connection.close()]);
    await this.stack?.stop();
    this.control.close();
    this.proxy?.close();
    for (const { name } of WORKERS) await rm(this.scratch(name), { recursive: true, force: true });
    if (this.own) await rm(this.state, { recursive: true, force: true });
  }

  /** Folders of the provider's hosts, in which nothing may be left of a job. */
  workspaces(): string[] {
    return WORKERS.filter(({ role }) => role === 'provider').flatMap(({ name }) => [
      this.scratch(name),
      join(this.state, 'work', name),
    ]);
  }

  /** Ends all workers in order and starts them anew, with clocks as wanted. */
  async restartWorkers(shifts: Shifts = {}): Promise<void> {
    await Promise.all(WORKERS.map(({ name }) => this.stack.stopProcess(name)));
    await Promise.all((await this.workers(this.stack, shifts)).map((spec) => this.stack.startProcess(spec)));
  }

  private scratch(name: string): string {
    return join('/dev/shm', `livepod-faults-${process.pid}-${name}`);
  }

  private async begin(): Promise<void> {
    await this.control.open();
    this.stack = await bringUp({
      state: this.state,
      fresh: true,
      tell: (line) => this.tell(line),
      signals: false,
      afterIc: (base) => this.install(base),
      workers: (base) => this.workers(base, {}),
    });
    this.network = readNetwork(this.stack.networkFile);
    this.people = new People(this.network);
    const keys = keyRings(this.stack.state);
    this.temporal = await connectClient(this.network.temporal!, { keys: keys.ours });
    this.provider = await connectClient(this.network.temporal!, {
      namespace: this.network.temporal!.providerNamespace,
      keys: keys.provider,
    });
    await this.constitute();
    this.people.startVoting();
  }

  private async install(base: Base): Promise<void> {
    const { icHost, rootKey } = base.network;
    this.proxy = new S3Proxy(new URL(base.network.s3!.endpoint), (mark) => this.control.s3Fate(mark));
    this.proxyUrl = await this.proxy.open();
    await installAll({
      icHost,
      rootKey,
      networkFile: base.networkFile,
      wasmDir: cache('wasm'),
      identity: identity('installer'),
      parameters: {
        token: {
          symbol: 'LIVE',
          name: 'Live Pod',
          balances: ['bank', 'voter', 'orchestrator', 'provider'].map((name) => ({
            owner: principal(name),
            amount: 10_000_000n * TOKEN,
          })),
        },
        voting: { periodSeconds: 6 * 3600, minimumDissolveDelaySeconds: 0 },
        vetkdKeyName: 'test_key_1',
        schnorrKeyName: 'test_key_1',
        minProviderBond: 100n * TOKEN,
        minContributorBond: 10n * TOKEN,
        bucketCapacityBytes: 256n * 1024n * 1024n,
        bucketCycles: 10_000_000_000_000n,
        operators: [principal('operator')],
        drivers: [principal('orchestrator')],
        rootSeeds: [1, 2, 3].map((digit) => new Uint8Array(32).fill(digit)),
      },
    });
  }

  private async workers(base: Base, shifts: Shifts): Promise<ProcessSpec[]> {
    // The workers reach S3 through the proxy; everybody else, directly.
    const networkFile = join(base.state, 'network-of-workers.json');
    updateNetwork(networkFile, { ...base.network, s3: { ...base.network.s3!, endpoint: this.proxyUrl } });
    const holdout = join(base.state, 'holdout');
    for (const person of [5, 6]) {
      mkdirSync(join(holdout, `s0${person}`), { recursive: true });
      writeFileSync(join(holdout, `s0${person}`, 'run.csv'), motionRecording(person));
    }
    return Promise.all(
      WORKERS.map(async ({ name, role, identity: who }) => {
        const file = join(base.state, 'identities', `${who}.json`);
        try {
          saveIdentity(file, new Uint8Array(identity(who).getKeyPair().secretKey.slice(0, 32)));
        } catch {
          // It was written before.
        }
        const spec = await workerProcess(base, role, file, {
          ...(role === 'evaluator' ? { LIVEPOD_HOLDOUT: holdout } : s3Environment(base)),
          LIVEPOD_NETWORK: networkFile,
          LIVEPOD_WORK: join(base.state, 'work', name),
          LIVEPOD_SCRATCH: this.scratch(name),
          LIVEPOD_METRICS_PORT: String(await base.ports.choose(`${name}-metrics`, 0)),
          LIVEPOD_WORKER_PLUGIN: here('plugin.ts'),
          LIVEPOD_FAULTS_LAB: this.control.url,
          LIVEPOD_FAULTS_S3_PORT: new URL(this.proxyUrl).port,
          LIVEPOD_CLOCK_SHIFT_MS: String(shifts[role] ?? 0),
        });
        return { ...spec, name, args: ['--import', here('clock.mjs'), ...spec.args] };
      }),
    );
  }

  private async constitute(): Promise<void> {
    const [voter, orchestrator, provider] = await Promise.all([
      this.people.as('voter'),
      this.people.as('orchestrator'),
      this.people.as('provider'),
    ]);
    await stake(voter, { amount: 5_000n * TOKEN, dissolveDelaySeconds: 3600 });
    await stake(orchestrator, { amount: 10n * TOKEN, dissolveDelaySeconds: 3600 });
    await approve(provider, 201n * TOKEN);
    await provider.treasury.post_bond({ purpose: { provider: null }, amount: 200n * TOKEN, client_ref: 'bond' });
    await provider.access.register_provider({ name: 'provider-1', class: { bonded: null } });
    const document = await recipeDocument('motion-cnn');
    this.recipe = documentId(document);
    await voter.access.submit_recipe({ document });
    await this.people.pass('approve_recipe', { recipe: this.recipe }, 'recipe');
    await this.people.pass('approve_provider', { provider: provider.principal }, 'provider');
    await this.people.pass('appoint_evaluator', { evaluator: identity('evaluator').getPrincipal() }, 'evaluator');
  }

  private async kill(server: 'temporal' | 'ic'): Promise<void> {
    const handle = this.stack.process(server);
    const before = handle.restarts;
    handle.kill('SIGKILL');
    while (handle.restarts === before) await new Promise((resolve) => setTimeout(resolve, 50));
    await handle.ready();
    if (server === 'ic')
      await insist(async () => (await connect(this.network)).governance.get_nervous_system_parameters(null));
  }
}
