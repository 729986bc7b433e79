import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createSecureServer } from 'node:http2';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer, type Server } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { certificates, type Certificates } from '../test/certificates.js';
import { devServer, type DevServer } from '../test/devServer.js';
import { connectClient, connectWorker } from './temporal.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const names = { namespace: 'livepod', providerNamespace: 'provider-1', nexusEndpoint: 'provider-1' };
const before = { ...process.env };
let folder: string;
let tls: Certificates;
let server: DevServer;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'livepod-running-'));
  tls = certificates(folder);
  server = await devServer();
});
afterEach(() => {
  process.env = { ...before };
});
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('a server that asks for client certificates', () => {
  let front: Server;
  const open = new Set<Socket>();
  const pair = () => ({
    cert: readFileSync(tls.server.cert),
    key: readFileSync(tls.server.key),
    ca: readFileSync(tls.authority),
  });
  beforeAll(async () => {
    // TLS ends here, as it does at a load balancer; behind it is the real server.
    front = createServer(
      { ...pair(), requestCert: true, rejectUnauthorized: true, ALPNProtocols: ['h2'] },
      (socket) => {
        const [host, port] = server.address.split(':');
        const behind = connect(Number(port), host);
        socket.pipe(behind).pipe(socket);
        for (const end of [socket, behind])
          end.on('error', () => {
            socket.destroy();
            behind.destroy();
          });
      },
    );
    front.on('connection', (socket: Socket) => void open.add(socket));
    front.on('tlsClientError', () => {});
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => {
    front.close();
    for (const socket of open) socket.destroy();
  });
  const address = (): string => `localhost:${(front.address() as AddressInfo).port}`;

  it("is reached by clients and workers with the profile's certificate", async () => {
    Object.assign(process.env, {
      TEMPORAL_ADDRESS: address(),
      TEMPORAL_TLS_SERVER_CA_CERT_PATH: tls.authority,
      TEMPORAL_TLS_CLIENT_CERT_PATH: tls.client.cert,
      TEMPORAL_TLS_CLIENT_KEY_PATH: tls.client.key,
    });
    // network.json's own address is a wrong one: the profile's takes its place.
    const client = await connectClient({ address: '127.0.0.1:1', ...names });
    expect((await client.workflowService.describeNamespace({ namespace: 'livepod' })).namespaceInfo?.name).toBe(
      'livepod',
    );
    await client.connection.close();
    const worker = await connectWorker({ address: '127.0.0.1:1' });
    expect((await worker.workflowService.getSystemInfo({})).serverVersion).toMatch(/^1\./);
    await worker.close();
  });

  it('is not reached without one', async () => {
    Object.assign(process.env, { TEMPORAL_ADDRESS: address(), TEMPORAL_TLS_SERVER_CA_CERT_PATH: tls.authority });
    await expect(connectClient({ address: '', ...names }, { connectTimeout: 2_000 })).rejects.toThrow(
      /connect|deadline|certificate/i,
    );
  });

  it('is not believed when another authority made its certificate', async () => {
    const others = certificates(join(folder, 'others'));
    Object.assign(process.env, {
      TEMPORAL_ADDRESS: address(),
      TEMPORAL_TLS_SERVER_CA_CERT_PATH: others.authority,
      TEMPORAL_TLS_CLIENT_CERT_PATH: tls.client.cert,
      TEMPORAL_TLS_CLIENT_KEY_PATH: tls.client.key,
    });
    await expect(connectClient({ address: '', ...names }, { connectTimeout: 2_000 })).rejects.toThrow(
      /connect|deadline|certificate/i,
    );
  });
});

it('an API key goes out over TLS as a bearer token', async () => {
  const seen: (string | undefined)[] = [];
  const cloud = createSecureServer({ cert: readFileSync(tls.server.cert), key: readFileSync(tls.server.key) });
  const sessions: { destroy(): void }[] = [];
  cloud.on('session', (session) => void sessions.push(session));
  cloud.on('stream', (stream, headers) => {
    seen.push(headers.authorization);
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '16', 'grpc-message': 'unauthenticated' },
      { endStream: true },
    );
  });
  await new Promise<void>((resolve) => cloud.listen(0, '127.0.0.1', resolve));
  Object.assign(process.env, {
    TEMPORAL_ADDRESS: `localhost:${(cloud.address() as AddressInfo).port}`,
    TEMPORAL_API_KEY: 'key-of-the-test',
    TEMPORAL_TLS_SERVER_CA_CERT_PATH: tls.authority,
  });
  await expect(connectClient({ address: '', ...names }, { connectTimeout: 3_000 })).rejects.toThrow(/connect/);
  cloud.close();
  for (const session of sessions) session.destroy();
  expect(seen[0]).toBe('Bearer key-of-the-test');
});

describe('a worker process', () => {
  let child: ChildProcess;
  afterEach(() => child?.kill('SIGKILL'));

  it('is ready while it polls, and says why not while it drains or the server is away', async () => {
    const own = await devServer();
    child = spawn(process.execPath, ['--import', 'tsx', join(root, 'workers', 'test', 'slowWorker.ts')], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...before, TEST_TEMPORAL: own.address },
    });
    const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
    const { health, metrics } = JSON.parse(line) as { health: string; metrics: string };
    expect(new URL(health).hostname).toBe('127.0.0.1');
    expect(await get(`${health}/healthz`)).toMatchObject({ status: 200, body: { ok: true, role: 'slow' } });
    expect(await get(`${health}/readyz`)).toMatchObject({
      status: 200,
      body: { ok: true, workers: [{ queue: 'slow', state: 'RUNNING' }] },
    });
    expect((await get(`${health}/secrets`)).status).toBe(404);
    expect(await (await fetch(metrics)).text()).toContain('temporal_num_pollers');

    own.process.kill('SIGSTOP');
    expect(
      (
        await until(
          async () => get(`${health}/readyz`),
          ({ status }) => status === 503,
        )
      ).body.reasons,
    ).toEqual([expect.stringMatching(/^The Temporal server does not answer/)]);
    expect((await get(`${health}/healthz`)).status).toBe(200);
    own.process.kill('SIGCONT');
    await until(
      async () => get(`${health}/readyz`),
      ({ status }) => status === 200,
    );

    const client = await connectClient({ address: own.address, ...names });
    const handle = await client.workflow.start('slow', { taskQueue: 'slow', workflowId: 'slow' });
    await until(
      async () => get(`${health}/readyz`),
      ({ body }) => (body['workers'] as { steps: number }[])[0]!.steps === 1,
    );
    const gone = once(child, 'exit') as Promise<[number | null]>;
    child.kill('SIGTERM');
    const draining = await until(
      async () => get(`${health}/readyz`),
      ({ status }) => status === 503,
    );
    expect(draining.body.reasons[0]).toMatch(/^It was asked to stop \(SIGTERM\)/);
    // The step that was running came to its end, and was not begun anew.
    expect((await gone)[0]).toBe(0);
    const events = (await handle.fetchHistory()).events ?? [];
    expect(
      events.filter(({ activityTaskCompletedEventAttributes }) => activityTaskCompletedEventAttributes),
    ).toHaveLength(1);
    await client.connection.close();
    await own.stop();
  });
});

async function get(url: string): Promise<{ status: number; body: { reasons: string[] } & Record<string, unknown> }> {
  const response = await fetch(url);
  return { status: response.status, body: (await response.json()) as { reasons: string[] } };
}

async function until<T>(look: () => Promise<T>, right: (seen: T) => boolean): Promise<T> {
  for (const end = Date.now() + 30_000; ; await sleep(100)) {
    const seen = await look();
    if (right(seen) || Date.now() > end) return seen;
  }
}
