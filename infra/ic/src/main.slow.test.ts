import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { until } from './testing/network.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

describe('npm run ic', () => {
  const state = mkdtempSync(join(tmpdir(), 'livepod-ic-main-'));
  afterAll(() => rmSync(state, { recursive: true, force: true }));

  const started = async (): Promise<{
    npm: ChildProcess;
    lines: string[];
    ready: { url: string; rootKey: string };
  }> => {
    const npm = spawn('npm', ['run', '-s', 'ic', '--', '--port', '0', '--state', state], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines: string[] = [];
    const reader = createInterface(npm.stdout!).on('line', (line) => lines.push(line));
    await once(reader, 'line');
    return { npm, lines, ready: JSON.parse(lines[0]!) as { url: string; rootKey: string } };
  };
  const answers = async (url: string): Promise<boolean> =>
    fetch(`${url}/api/v2/status`).then(
      ({ ok }) => ok,
      () => false,
    );

  it('prints one line when it is ready, serves until SIGTERM, and goes on with the same state', async () => {
    const first = await started();
    expect(await answers(first.ready.url)).toBe(true);
    first.npm.kill('SIGTERM');
    await once(first.npm, 'close');
    await until('nothing of it is left', async () => !(await answers(first.ready.url)));
    expect(first.lines).toHaveLength(1);

    const second = await started();
    expect(second.ready.rootKey).toBe(first.ready.rootKey);
    second.npm.kill('SIGTERM');
    await once(second.npm, 'close');
  }, 60_000);
});
