import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import type { Ed25519KeyIdentity } from '@dfinity/identity';
import {
  approve,
  connect,
  identityFromSeed,
  propose,
  stake,
  stateOf,
  vote,
  voucherFor,
  type Clients,
  type GovernedMethod,
  type GovernedPayloads,
  type IcNetwork,
} from '@livepod/client';
import { installAll, type InstallParameters } from '@livepod/client/install';
import {
  documentId,
  sha256,
  signOperatorToken,
  utf8,
  type DatasetSchema,
  type OperatorAction,
} from '@livepod/protocol';
import { recipeDocument } from '@livepod/recipes';
import { IC_PROGRAM } from '@livepod/ic/program';

const root = fileURLToPath(new URL('../../', import.meta.url));
const TOKEN = 100_000_000n;
const ROLES = [
  'voter',
  'operator',
  'person',
  'provider',
  'evaluator',
  'contributor-1',
  'contributor-2',
  'stranger',
] as const;
/** A made-up watch: two sensors, two things it can tell apart. */
export const motionSchema: DatasetSchema = {
  channels: ['x_acc', 'y_acc', 'z_acc', 'x_gyro', 'y_gyro', 'z_gyro'].map((name) => ({
    name,
    unit: name.endsWith('acc') ? 'm/s2' : 'rad/s',
  })),
  rateMilliHz: 100_000,
  labels: ['STILL', 'MOVING'],
  device: 'watch',
};

/** Stillness, then shaking; the person gives the phase. */
export function motionRecording(person: number): string {
  const rows = Array.from({ length: 1600 }, (_, at) =>
    [
      ...Array.from({ length: 6 }, (_, channel) =>
        ((at < 800 ? 0.05 : 4) * Math.sin(at * 0.4 + channel + person)).toFixed(6),
      ),
      at < 800 ? 'STILL' : 'MOVING',
    ].join(','),
  );
  return `${motionSchema.channels.map(({ name }) => name).join(',')},label\n${rows.join('\n')}\n`;
}

export type Role = (typeof ROLES)[number];

export interface ChainOptions {
  /** What this test installs otherwise than usual. */
  parameters?: Partial<InstallParameters>;
}

/** The canisters on an embedded IC host and an S3 server, with a DAO of one voter and every role approved. */
export class Chain {
  network!: IcNetwork;
  recipe!: string;
  s3!: { endpoint: string; region: string; bucket: string; accessKeyId: string; secretAccessKey: string };
  private readonly children: ChildProcess[] = [];
  private readonly servers: Partial<Record<'ic' | 's3', ChildProcess>> = {};

  private constructor(
    readonly folder: string,
    private readonly options: ChainOptions,
  ) {}

  static async open(options: ChainOptions = {}): Promise<Chain> {
    const chain = new Chain(await mkdtemp(join(tmpdir(), 'livepod-chain-')), options);
    try {
      await Promise.all([chain.startIc(), chain.startS3()]);
      await chain.constitute();
    } catch (error) {
      await chain.close();
      throw error;
    }
    return chain;
  }

  identity(role: Role): Ed25519KeyIdentity {
    return identityFromSeed(this.seed(role));
  }

  /** The 32 bytes of a role's key. */
  seed(role: Role): Uint8Array {
    return sha256(utf8(`test ${role}`));
  }

  as(role: Role): Promise<Clients> {
    return connect(this.network, this.identity(role));
  }

  /**
   * A token of the person who operates this fleet, for what is there as it stands; the role `operator` only drives it.
   */
  async token(action: OperatorAction, object: string, state?: string): Promise<string> {
    const now = BigInt(Date.now()) * 1_000_000n;
    const seed = this.seed('person');
    return signOperatorToken(seed, {
      action,
      workflow: 'lifecycle-test',
      object,
      state: state ?? (await stateOf(await this.as('operator'), object)) ?? 'working/0',
      audience: this.network.canisters.fleet,
      notBefore: now - 60_000_000_000n,
      expires: now + 1_800_000_000_000n,
      nonce: randomBytes(16),
    });
  }

  /** What lets devices enrol on a channel, of the same person. */
  async voucher(channel: string, pods = 100): Promise<string> {
    return voucherFor(await this.as('operator'), this.seed('person'), { channel, pods });
  }

  async vote(proposal: number, choice: 'yes' | 'no' = 'yes'): Promise<void> {
    await vote(await this.as('voter'), { proposal, vote: choice });
  }

  async close(): Promise<void> {
    await Promise.all(
      this.children.map(async (child) => {
        const gone = once(child, 'exit');
        child.kill('SIGTERM');
        await gone;
      }),
    );
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Sends a server a signal; SIGSTOP and SIGCONT hold it and let it go on. */
  signal(server: 'ic' | 's3', signal: NodeJS.Signals): void {
    this.servers[server]?.kill(signal);
  }

  private async startIc(): Promise<void> {
    const child = spawn(process.execPath, [IC_PROGRAM, '--state', join(this.folder, 'ic'), '--port', '0', '--quiet'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.children.push(child);
    this.servers.ic = child;
    const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
    const { url, rootKey } = JSON.parse(line) as { url: string; rootKey: string };
    const { canisters, vetkdMaster } = await installAll({
      icHost: url,
      rootKey,
      wasmDir: join(root, '.cache', 'wasm'),
      identity: this.identity('operator'),
      parameters: {
        token: {
          symbol: 'POD',
          name: 'Live Pod',
          balances: ROLES.map((role) => ({
            owner: this.identity(role).getPrincipal().toText(),
            amount: 10_000n * TOKEN,
          })),
        },
        voting: { periodSeconds: 60, minimumDissolveDelaySeconds: 0 },
        vetkdKeyName: 'test_key_1',
        schnorrKeyName: 'test_key_1',
        minProviderBond: 100n * TOKEN,
        minContributorBond: 10n * TOKEN,
        bucketCapacityBytes: 64n * 1024n * 1024n,
        bucketCycles: 10_000_000_000_000n,
        operators: [this.identity('person').getPrincipal().toText()],
        drivers: [this.identity('operator').getPrincipal().toText()],
        rootSeeds: [1, 2, 3].map((digit) => new Uint8Array(32).fill(digit)),
        ...this.options.parameters,
      },
    });
    this.network = { icHost: url, rootKey, canisters, vetkdMaster };
  }

  private async startS3(): Promise<void> {
    const account = { accessKeyId: 'livepod', secretAccessKey: 'livepod-secret' };
    const endpoint = `http://127.0.0.1:${await freePort()}`;
    await mkdir(join(this.folder, 's3'));
    this.servers.s3 = spawn(
      join(root, '.cache', 'bin', 'versitygw'),
      ['--port', endpoint.slice(7), 'posix', join(this.folder, 's3')],
      {
        stdio: 'ignore',
        env: { ...process.env, ROOT_ACCESS_KEY: account.accessKeyId, ROOT_SECRET_KEY: account.secretAccessKey },
      },
    );
    this.children.push(this.servers.s3);
    const admin = new S3Client({
      endpoint,
      region: 'us-east-1',
      credentials: account,
      forcePathStyle: true,
      maxAttempts: 20,
    });
    await admin.send(new CreateBucketCommand({ Bucket: 'livepod' }));
    admin.destroy();
    this.s3 = { endpoint, region: 'us-east-1', bucket: 'livepod', ...account };
  }

  private async constitute(): Promise<void> {
    const [voter, operator, provider] = await Promise.all([this.as('voter'), this.as('operator'), this.as('provider')]);
    await stake(voter, { amount: 5_000n * TOKEN, dissolveDelaySeconds: 3600 });
    await stake(operator, { amount: 10n * TOKEN, dissolveDelaySeconds: 3600 });
    for (const [clients, purpose] of [
      [provider, { provider: null }],
      [await this.as('contributor-1'), { contributor: null }],
      [await this.as('contributor-2'), { contributor: null }],
    ] as const) {
      await approve(clients, 101n * TOKEN);
      await clients.treasury.post_bond({ purpose, amount: 100n * TOKEN, client_ref: 'bond' });
    }
    await provider.access.register_provider({ name: 'provider-1', class: { bonded: null } });
    const document = await recipeDocument('motion-cnn');
    this.recipe = documentId(document);
    await operator.access.submit_recipe({ document });
    await this.pass(operator, 'approve_recipe', { recipe: this.recipe });
    await this.pass(operator, 'approve_provider', { provider: provider.principal });
    await this.pass(operator, 'appoint_evaluator', { evaluator: this.identity('evaluator').getPrincipal() });
  }

  private async pass<M extends GovernedMethod>(
    clients: Clients,
    method: M,
    payload: GovernedPayloads[M],
  ): Promise<void> {
    const { proposal } = await propose(clients, { method, payload, clientRef: method, title: method, summary: method });
    await this.vote(proposal);
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}
