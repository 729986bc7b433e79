import { HeadBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { Connection } from '@temporalio/client';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keyRings, signInLinkOf } from './codecServer.js';
import { root } from './paths.js';
import { bornAt, sleep } from './pids.js';
import { setUp } from './setup.js';
import { bringUp, type Stack } from './stack.js';
import { searchAttributes } from './temporalServer.js';

const state = mkdtempSync(join(tmpdir(), 'livepod-stack-'));
const start = (): Promise<Stack> => bringUp({ state, signals: false, tell: () => {} });
let stack: Stack;

beforeAll(async () => {
  await setUp({ only: ['temporal', 's3', 'instrument'] });
  stack = await start();
});
afterAll(async () => {
  await stack?.stop();
  rmSync(state, { recursive: true, force: true });
});

/** Runs a script against this package in a process of its own; what it prints as JSON. */
async function elsewhere(script: string): Promise<unknown> {
  const file = join(state, 'elsewhere.mts');
  writeFileSync(
    file,
    `import { bringUp } from ${JSON.stringify(join(root, 'infra/stack/src/index.ts'))};\nconst state = ` +
      `${JSON.stringify(state)};\n${script}`,
  );
  const child = spawn(process.execPath, ['--import', 'tsx', file], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  const gone = once(child, 'exit');
  let text = '';
  for await (const piece of child.stdout) text += String(piece);
  await gone;
  return JSON.parse(text);
}

describe('the stack', () => {
  it('has Temporal with both namespaces, the Nexus endpoint and every search attribute', async () => {
    const connection = await Connection.connect({ address: stack.network.temporal!.address });
    const { namespaces } = await connection.workflowService.listNamespaces({});
    expect(namespaces.map((one) => one.namespaceInfo?.name)).toEqual(expect.arrayContaining(['livepod', 'provider-1']));
    const { endpoints } = await connection.operatorService.listNexusEndpoints({});
    expect(endpoints.map((one) => one.spec)).toMatchObject([
      { name: 'provider-1', target: { worker: { namespace: 'provider-1', taskQueue: 'provider' } } },
    ]);
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace: 'livepod' });
    expect(Object.keys(customAttributes)).toEqual(expect.arrayContaining(Object.keys(searchAttributes)));
    await connection.close();
  });

  it('has an S3 bucket for those who know the secret, which only the owner of the files can read', async () => {
    const { endpoint, region, bucket } = stack.network.s3!;
    const client = new S3Client({ endpoint, region, credentials: stack.s3Credentials, forcePathStyle: true });
    await client.send(new HeadBucketCommand({ Bucket: bucket }));
    const stranger = new S3Client({
      endpoint,
      region,
      credentials: { ...stack.s3Credentials, secretAccessKey: 'guessed' },
      forcePathStyle: true,
    });
    await expect(stranger.send(new HeadBucketCommand({ Bucket: bucket }))).rejects.toMatchObject({
      $metadata: { httpStatusCode: 403 },
    });
    expect(statSync(join(state, 'secrets/s3.json')).mode & 0o777).toBe(0o600);
    expect(readFileSync(stack.networkFile, 'utf8')).not.toContain(stack.s3Credentials.secretAccessKey);
  });

  it('has an Internet Computer with a root key', async () => {
    expect(stack.network.rootKey).toMatch(/^[0-9a-f]{266}$/);
    expect((await fetch(`${stack.network.icHost}/api/v2/status`)).status).toBe(200);
  });

  it('has a codec server that answers signed-in people alone, and keys that only their owner can read', async () => {
    const { codecUrl } = stack.network.temporal!;
    const decode = (headers: Record<string, string>) =>
      fetch(`${codecUrl}/decode`, {
        method: 'POST',
        body: '{"payloads": []}',
        headers: { 'x-namespace': 'livepod', ...headers },
      }).then(({ status }) => status);
    const token = new URL(await signInLinkOf(stack.state, stack.network.temporal!)).searchParams.get('token')!;
    expect(await decode({})).toBe(401);
    expect(await decode({ authorization: `Bearer ${token}` })).toBe(200);
    for (const path of Object.values(keyRings(stack.state))) expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('gets each part back after SIGKILL, at the same address', async () => {
    const before = stack.network;
    for (const name of ['temporal', 's3', 'ic', 'codec']) {
      const part = stack.process(name);
      const { pid } = part;
      part.kill('SIGKILL');
      while (part.pid === pid) await sleep(20);
      await part.ready();
      expect(part.pid).not.toBe(pid);
    }
    expect(stack.network).toEqual(before);
    const connection = await Connection.connect({ address: before.temporal!.address });
    await connection.workflowService.describeNamespace({ namespace: 'livepod' });
    await connection.close();
    expect(stack.process('ic').said['rootKey']).toBe(before.rootKey);
  });

  it('is found, and not started twice, by another process', async () => {
    const since = Date.now();
    const seen = await elsewhere(`const stack = await bringUp({ state });
      const more = { name: 'more', command: 'true', args: [], ready: { line: 'x' } };
      const refused = await stack.startProcess(more).catch((error) => error.code);
      const pids = Object.fromEntries(stack.processes.map((p) => [p.name, p.pid]));
      console.log(JSON.stringify({ owned: stack.owned, refused, pids, network: stack.network }));`);
    expect(seen).toEqual({
      owned: false,
      refused: 'badOption',
      pids: Object.fromEntries(stack.processes.map(({ name, pid }) => [name, pid])),
      network: stack.network,
    });
    expect(Date.now() - since).toBeLessThan(20_000);
  });

  it('is not started fresh under those who use it', async () => {
    const code = await elsewhere(
      `console.log(JSON.stringify(await bringUp({ state, fresh: true }).catch((error) => error.code)));`,
    );
    expect(code).toBe('alreadyStarting');
  });

  it('is begun by one of two that begin at once on one folder', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'livepod-stack-'));
    const script = `const stack = await bringUp({ state: ${JSON.stringify(folder)}, fresh: true, tell: () => {} })
        .catch((error) => error.code);
      if (stack.stop) await new Promise((resolve) => setTimeout(resolve, 3000)).then(() => stack.stop());
      console.log(JSON.stringify(stack.owned ?? stack));`;
    const ended = await Promise.all([elsewhere(script), elsewhere(script)]);
    rmSync(folder, { recursive: true, force: true });
    expect(ended.map(String).sort()).toEqual(['alreadyStarting', 'true']);
  });

  it('stops every process, the last started first, and comes up again with state and addresses as before', async () => {
    const before = stack.network;
    const pids = stack.processes.map(({ pid }) => pid);
    await stack.stop();
    for (const pid of pids) expect(bornAt(pid)).toBeNull();
    stack = await start();
    expect(stack.network).toEqual(before);
  });

  it('clears away what a supervisor killed by SIGKILL left behind', async () => {
    await stack.stop();
    const left = (await elsewhere(`const stack = await bringUp({ state, signals: false, tell: () => {} });
      console.log(JSON.stringify(stack.processes.map((p) => p.pid)));
      process.stdout.end(() => process.kill(process.pid, 'SIGKILL'));`)) as number[];
    expect(left).toHaveLength(4);
    for (const pid of left) expect(bornAt(pid)).not.toBeNull();
    stack = await start();
    expect(stack.owned).toBe(true);
    for (const pid of left) expect(bornAt(pid)).toBeNull();
    expect(stack.processes).toHaveLength(4);
  });
});
