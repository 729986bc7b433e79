import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const sample = join(root, 'docs/sample-evidence.json');
const { rootKey } = JSON.parse(readFileSync(sample, 'utf8')) as { rootKey: string };
const folder = mkdtempSync(join(tmpdir(), 'livepod-evidence-'));
afterAll(() => rmSync(folder, { recursive: true }));

function livepod(...args: string[]): Promise<{ status: number; out: string; said: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--import', 'tsx', 'apps/cli/src/main.ts', 'evidence', ...args],
      { cwd: root, env: { ...process.env, NODE_OPTIONS: '' } },
      (error, out, said) => {
        resolve({ status: error ? Number(error.code) : 0, out, said });
      },
    );
  });
}

describe('livepod evidence verify', () => {
  it('says what the sample proves, how large it is and how long it took', async () => {
    const { status, out } = await livepod('verify', sample, '--root-key', rootKey);
    expect(status).toBe(0);
    expect(out).toMatch(/✔ Proposal \d+ “Adopt checkpoint/);
    expect(out.trimEnd().split('\n').at(-1)).toMatch(
      /holds: \d+ claims, \d+ kB, verified in \d+\.\d\d s under the root key you named\.$/,
    );
  });

  it('trusts the real network alone unless another root key is named, and takes one from a file', async () => {
    expect(await livepod('verify', sample)).toMatchObject({
      status: 1,
      out: '',
      said: expect.stringMatching(/^rootKey: .*--root-key/),
    });
    const network = join(folder, 'network.json');
    writeFileSync(network, JSON.stringify({ icHost: 'http://127.0.0.1:1', rootKey }));
    expect(await livepod('verify', sample, '--root-key', network, '--json')).toMatchObject({
      status: 0,
      out: expect.stringContaining('"ok":true'),
    });
    expect(await livepod('verify', sample, '--root-key', 'nonsense')).toMatchObject({
      status: 1,
      said: expect.stringContaining('neither a root key'),
    });
  });

  it('names the place of a change', async () => {
    const changed = join(folder, 'changed.json');
    writeFileSync(changed, readFileSync(sample, 'utf8').replace('"vote":"yes"', '"vote":"no"'));
    const { status, out } = await livepod('verify', changed, '--root-key', rootKey, '--json');
    expect(status).toBe(1);
    expect(JSON.parse(out)).toEqual({
      ok: false,
      code: 'differs',
      path: 'proposals[0].votes[0].vote',
      message: expect.stringContaining('it says "no"'),
    });
  });
});
