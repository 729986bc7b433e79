import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../testing/network.js';
import { OUR_POCKET_SERVER } from '../testing/pocket-server.js';

const folder = mkdtempSync(join(tmpdir(), 'livepod-pocket-'));
const portFile = join(folder, 'port');
let servers: ChildProcess[] = [];
afterAll(() => {
  for (const server of servers) server.kill();
  rmSync(folder, { recursive: true, force: true });
});

it('serves alone when several are started at once under one port file, as by the tests of one process', async () => {
  servers = [1, 2, 3].map(() =>
    spawn(OUR_POCKET_SERVER, ['--port-file', portFile], { env: { ...process.env, NODE_OPTIONS: '' }, stdio: 'ignore' }),
  );
  const codes = servers.map(async (server) => (await once(server, 'exit'))[0] as number);
  await until(
    'one has written its port',
    async () => existsSync(portFile) && readFileSync(portFile, 'utf8').endsWith('\n'),
    60,
  );
  await until('the others have left', async () => servers.filter(({ exitCode }) => exitCode === 0).length === 2, 60);

  expect((await fetch(`http://127.0.0.1:${readFileSync(portFile, 'utf8').trim()}/status`)).status).toBe(200);
  servers.find(({ exitCode }) => exitCode === null)!.kill();
  expect(await Promise.all(codes)).toEqual([0, 0, 0]);
  expect(existsSync(portFile)).toBe(false);
});
