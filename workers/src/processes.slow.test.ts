import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { contribute } from '@livepod/activities';
import { Chain, motionRecording, motionSchema, type Role } from '@livepod/activities/testing';
import { decision, listProposals, saveIdentity, vote } from '@livepod/client';
import { searchAttributes, type LifecycleResult } from '@livepod/workflows';
import { connectClient, type TemporalClient } from './temporal.js';

const NAMES = { namespace: 'livepod', providerNamespace: 'provider-1', nexusEndpoint: 'provider-1' };
const root = fileURLToPath(new URL('../../', import.meta.url));
let chain: Chain;
let temporal: ChildProcess;
let client: TemporalClient;
let address: string;
let voting = true;
let scratch: string;
const processes: Record<string, ChildProcess> = {};

beforeAll(async () => {
  chain = await Chain.open();
  scratch = join('/dev/shm', `livepod-processes-${process.pid}`);
  await startTemporal();
  await writeFile(join(chain.folder, 'network.json'), JSON.stringify({
    ...chain.network, s3: { endpoint: chain.s3.endpoint, region: chain.s3.region, bucket: chain.s3.bucket },
    temporal: { address, ...NAMES },
  }));
  for (const person of [5, 6]) {
    await mkdir(join(chain.folder, 'holdout', `s0${person}`), { recursive: true });
    await writeFile(join(chain.folder, 'holdout', `s0${person}`, 'run.csv'), motionRecording(person));
  }
  await Promise.all([start('orchestrator', 'operator'), start('provider', 'provider'), start('evaluator', 'evaluator')]);
  void voteYes();
});
afterAll(async () => {
  voting = false;
  for (const child of Object.values(processes)) child.kill('SIGKILL');
  await client?.connection.close();
  if (temporal) {
    temporal.kill('SIGKILL');
    await once(temporal, 'exit');
  }
  await rm(scratch, { recursive: true, force: true });
  await chain?.close();
});

describe('the three worker processes', () => {
  it('run a round on real canisters, though orchestrator and provider are killed in the middle of training', async () => {
    const datasets = await Promise.all((['contributor-1', 'contributor-2'] as const).map(async (role, index) => {
      const { dataset } = await contribute({
        clients: await chain.as(role), seed: chain.identity(role), recordings: [{ name: 'run.csv', csv: motionRecording(index) }], schema: motionSchema, title: `Watch of ${role}`, store: index === 0 ? 'bucket' : 's3', s3: chain.s3,
      });
      return dataset;
    }));
    const handle = await client.workflow.start('lifecycle', {
      taskQueue: 'orchestrator', workflowId: 'lifecycle-killed',
      args: [{
        round: 'killed', recipe: chain.recipe, provider: 'provider-1', datasets, arguments: { epochs: 30, windowsPerEpoch: 1024, batch: 16, filters: 8 },
        plan: { waves: [1, 2], soakSeconds: 1, gate: { minWindows: 0, maxCorrectionPermille: 1000, maxErrors: 9 } },
      }],
    });

    const job = async () => (await chain.as('operator')).access.get_job(1n);
    const ended = handle.result().then((early) => { throw new Error(`The round ended before it was disturbed: ${JSON.stringify(early)}`); });
    await Promise.race([ended, until(async () => (await readdir(join(scratch, '1', 'epochs'))).includes('resume.bin'))]);
    ended.catch(() => {});
    processes['provider']!.kill('SIGKILL');
    processes['orchestrator']!.kill('SIGKILL');
    expect('granted' in (await job())!.state).toBe(true);
    await Promise.all([start('orchestrator', 'operator'), start('provider', 'provider')]);

    const result = (await handle.result()) as LifecycleResult;
    expect(result).toMatchObject({ decision: 'adopted', version: 1, job: 1 });
    expect(Number(result.evaluation!.accuracy)).toBeGreaterThan(0.8);
    expect('completed' in (await job())!.state).toBe(true);
    // Two uses of three: before the kill, and after it.
    expect((await (await chain.as('operator')).access.list_grants({ job: 1n })).map((grant) => grant.uses_left)).toEqual([1, 1]);
    expect(await readdir(scratch)).toEqual([]);
  });

  it('end in order when they are asked to', async () => {
    for (const child of Object.values(processes)) {
      const gone = once(child, 'exit') as Promise<[number | null]>;
      child.kill('SIGTERM');
      expect((await gone)[0]).toBe(0);
    }
  });
});

async function start(name: 'orchestrator' | 'provider' | 'evaluator', role: Role): Promise<void> {
  const identity = join(chain.folder, 'identities', `${role}.json`);
  try {
    saveIdentity(identity, new Uint8Array(chain.identity(role).getKeyPair().secretKey.slice(0, 32)));
  } catch {
    // It was written by an earlier start.
  }
  const child = spawn(process.execPath, ['--import', 'tsx', join(root, 'workers', 'src', name, 'main.ts')], {
    cwd: root, stdio: ['ignore', 'pipe', process.env['LIVEPOD_TEST_LOGS'] ? 'inherit' : 'ignore'],
    env: {
      ...process.env, LIVEPOD_NETWORK: join(chain.folder, 'network.json'), LIVEPOD_IDENTITY: identity, LIVEPOD_HOLDOUT: join(chain.folder, 'holdout'), LIVEPOD_SCRATCH: scratch,
      AWS_ACCESS_KEY_ID: chain.s3.accessKeyId, AWS_SECRET_ACCESS_KEY: chain.s3.secretAccessKey,
    },
  });
  processes[name] = child;
  const [line] = (await Promise.race([once(createInterface({ input: child.stdout! }), 'line'), once(child, 'exit').then(([status]) => { throw new Error(`${name} ended with status ${status}`); })])) as [string];
  expect(JSON.parse(line)).toMatchObject({ ready: true });
}

async function startTemporal(): Promise<void> {
  const port = await freePort();
  address = `127.0.0.1:${port}`;
  const attributes = Object.values(searchAttributes).flatMap((key) => ['--search-attribute', `${key.name}=Keyword`]);
  temporal = spawn(join(root, '.cache', 'bin', 'temporal'), ['server', 'start-dev', '--headless', '--ip', '127.0.0.1', '--port', String(port), '--namespace', 'livepod', '--namespace', 'provider-1', '--log-level', 'never', ...attributes], { stdio: 'ignore' });
  await until(async () => {
    client = await connectClient({ address, ...NAMES }, { connectTimeout: 1000 });
    return true;
  });
  await until(async () => {
    await client.connection.operatorService.createNexusEndpoint({ spec: { name: 'provider-1', target: { worker: { namespace: 'provider-1', taskQueue: 'provider' } } } });
    return true;
  });
}

async function voteYes(): Promise<void> {
  const clients = await chain.as('voter');
  while (voting) {
    for (const { proposal } of await listProposals(clients, { open: true }).catch(() => [])) {
      await vote(clients, { proposal, vote: 'yes' }).catch(async () => decision(clients, proposal).catch(() => undefined));
    }
    await sleep(500);
  }
}

/** Repeats until it holds; what fails counts as not yet. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition().catch(() => false))) await sleep(100);
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}
