import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  Chain,
  freePort,
  motionRecording,
  motionSchema,
  type ChainOptions,
  type Role,
} from '@livepod/activities/testing';
import { acceptShare, newRing, share, writeRing } from '@livepod/codec';
import { decision, listProposals, vote, type Decision } from '@livepod/client';
import { saveIdentity } from '@livepod/client/node';
import { contribute, type Contribution } from '@livepod/transfer';
import { searchAttributes, type LifecycleInput } from '@livepod/workflows';
import { connectClient, type TemporalClient } from '../src/temporal.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const WORKERS = { orchestrator: 'operator', provider: 'provider', evaluator: 'evaluator' } as const satisfies Record<
  string,
  Role
>;
export type WorkerName = keyof typeof WORKERS;
export type { Role } from '@livepod/activities/testing';

/** A round that ends in seconds: two short recordings, one epoch, two waves that do not soak. */
export const TINY = {
  provider: 'provider-1',
  arguments: { epochs: 1, windowsPerEpoch: 128, batch: 16, filters: 8 },
  plan: { waves: [1, 2], soakSeconds: 0, gate: { minWindows: 0, maxCorrectionPermille: 1000, maxErrors: 9 } },
} satisfies Partial<LifecycleInput>;

/**
 * Everything that a round needs, each part in a process of its own: canisters and S3 (`Chain`), a Temporal server, the
 * three workers; and one voter with nearly all the votes, who decides at once what `ballot` says.
 */
export class Rig {
  client!: TemporalClient;
  scratch!: string;
  address!: string;
  /** What the voter does with an open proposal; undefined: it is left open. */
  ballot: (proposal: Decision) => 'yes' | 'no' | undefined = () => 'yes';
  private temporal: ChildProcess | undefined;
  private readonly workers: Partial<Record<WorkerName, ChildProcess>> = {};
  private voting = true;
  private voter: Promise<void> | undefined;

  /** What each worker process said when it was ready: where its metrics and its health are. */
  readonly said: Partial<Record<WorkerName, { metrics: string; health: string }>> = {};

  private constructor(
    readonly chain: Chain,
    private readonly logs: string | undefined,
  ) {}

  /** @param options.logs  a folder for the workers' logs, `<name>.log` */
  static async open({ logs, ...options }: ChainOptions & { logs?: string } = {}): Promise<Rig> {
    const rig = new Rig(await Chain.open(options), logs);
    try {
      await rig.setUp();
    } catch (error) {
      await rig.close();
      throw error;
    }
    return rig;
  }

  private async setUp(): Promise<void> {
    const { chain } = this;
    this.scratch = join('/dev/shm', `livepod-rig-${process.pid}`);
    writeRing(this.keys(), newRing('livepod'));
    writeRing(this.keys('provider'), newRing('provider-1'));
    acceptShare(this.keys('provider'), share(this.keys(), 'provider-1'));
    await this.startTemporal();
    await writeFile(
      this.networkFile,
      JSON.stringify({
        ...chain.network,
        s3: { endpoint: chain.s3.endpoint, region: chain.s3.region, bucket: chain.s3.bucket },
        temporal: this.temporalAddresses,
      }),
    );
    for (const person of [5, 6]) {
      await mkdir(join(this.holdout, `s0${person}`), { recursive: true });
      await writeFile(join(this.holdout, `s0${person}`, 'run.csv'), motionRecording(person));
    }
    await Promise.all((Object.keys(WORKERS) as WorkerName[]).map((name) => this.start(name)));
    this.voter = this.vote();
  }

  get networkFile(): string {
    return join(this.chain.folder, 'network.json');
  }

  /** The key ring of a worker: the provider has its own. */
  private keys(name?: WorkerName): string {
    return join(this.chain.folder, 'secrets', name === 'provider' ? 'codec-provider-1.json' : 'codec.json');
  }

  private get holdout(): string {
    return join(this.chain.folder, 'holdout');
  }

  private get temporalAddresses() {
    return {
      address: this.address,
      namespace: 'livepod',
      providerNamespace: 'provider-1',
      nexusEndpoint: 'provider-1',
    };
  }

  /** Uploads and registers a dataset of one recording. */
  async contributed(role: Role, person: number, change: Partial<Contribution> = {}): Promise<string> {
    const { chain } = this;
    const { dataset } = await contribute({
      clients: await chain.as(role),
      seed: chain.identity(role),
      recordings: [{ name: 'run.csv', bytes: motionRecording(person) }],
      schema: motionSchema,
      title: `Watch of ${role}, ${person}`,
      store: 'bucket',
      s3: chain.s3,
      ...change,
    });
    return dataset;
  }

  /** Starts a worker process and waits until it polls. */
  async start(name: WorkerName, env: Record<string, string> = {}): Promise<void> {
    const { chain } = this;
    const role = WORKERS[name];
    const identity = join(chain.folder, 'identities', `${role}.json`);
    try {
      saveIdentity(identity, chain.seed(role));
    } catch {
      // It was written by an earlier start.
    }
    const child = spawn(process.execPath, ['--import', 'tsx', join(root, 'workers', 'src', name, 'main.ts')], {
      cwd: root,
      stdio: [
        'ignore',
        'pipe',
        this.logs
          ? openSync(join(this.logs, `${name}.log`), 'a')
          : process.env['LIVEPOD_TEST_LOGS']
            ? 'inherit'
            : 'ignore',
      ],
      env: {
        ...process.env,
        LIVEPOD_NETWORK: this.networkFile,
        LIVEPOD_IDENTITY: identity,
        LIVEPOD_HOLDOUT: this.holdout,
        LIVEPOD_SCRATCH: this.scratch,
        LIVEPOD_CODEC_KEYS: this.keys(name),
        AWS_ACCESS_KEY_ID: chain.s3.accessKeyId,
        AWS_SECRET_ACCESS_KEY: chain.s3.secretAccessKey,
        ...env,
      },
    });
    this.workers[name] = child;
    const gone = once(child, 'exit').then(([status]) => {
      throw new Error(`${name} ended with status ${status}`);
    });
    gone.catch(() => {});
    const [line] = (await Promise.race([once(createInterface({ input: child.stdout! }), 'line'), gone])) as [string];
    const said = JSON.parse(line) as { ready?: boolean; metrics: string; health: string };
    if (!said.ready) throw new Error(`${name} said ${line}`);
    this.said[name] = said;
  }

  /** Sends a worker process a signal; SIGSTOP and SIGCONT hold it and let it go on. */
  signal(name: WorkerName, signal: NodeJS.Signals): void {
    this.workers[name]?.kill(signal);
  }

  /** Asks a worker to end. @returns its exit status */
  async stop(name: WorkerName): Promise<number | null> {
    const child = this.workers[name];
    if (!child || child.exitCode !== null) return child?.exitCode ?? null;
    const gone = once(child, 'exit') as Promise<[number | null]>;
    child.kill('SIGTERM');
    return (await gone)[0];
  }

  async close(): Promise<void> {
    this.voting = false;
    await this.voter;
    for (const child of Object.values(this.workers)) child.kill('SIGKILL');
    await this.client?.connection.close();
    if (this.temporal) {
      this.temporal.kill('SIGKILL');
      await once(this.temporal, 'exit');
    }
    if (this.scratch) await rm(this.scratch, { recursive: true, force: true });
    await this.chain.close();
  }

  private async startTemporal(): Promise<void> {
    const port = await freePort();
    this.address = `127.0.0.1:${port}`;
    const attributes = Object.values(searchAttributes).flatMap((key) => ['--search-attribute', `${key.name}=Keyword`]);
    this.temporal = spawn(
      join(root, '.cache', 'bin', 'temporal'),
      [
        'server',
        'start-dev',
        '--headless',
        '--ip',
        '127.0.0.1',
        '--port',
        String(port),
        '--namespace',
        'livepod',
        '--namespace',
        'provider-1',
        '--log-level',
        'never',
        ...attributes,
      ],
      { stdio: 'ignore' },
    );
    await until(async () => {
      this.client = await connectClient(this.temporalAddresses, { connectTimeout: 1000, keys: this.keys() });
      return true;
    });
    await until(async () => {
      await this.client.connection.operatorService.createNexusEndpoint({
        spec: { name: 'provider-1', target: { worker: { namespace: 'provider-1', taskQueue: 'provider' } } },
      });
      return true;
    });
  }

  private async vote(): Promise<void> {
    const clients = await this.chain.as('voter');
    while (this.voting) {
      for (const proposal of await listProposals(clients, { open: true }).catch(() => [])) {
        const choice = this.ballot(proposal);
        if (choice)
          await vote(clients, { proposal: proposal.proposal, vote: choice }).catch(async () =>
            decision(clients, proposal.proposal).catch(() => undefined),
          );
      }
      await sleep(700);
    }
  }
}

/** Repeats until it holds; what fails counts as not yet. */
export async function until(condition: () => Promise<boolean>, every = 250): Promise<void> {
  while (!(await condition().catch(() => false))) await sleep(every);
}
