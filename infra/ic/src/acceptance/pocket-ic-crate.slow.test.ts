import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { testWasmPath } from '../testing/network.js';
import { pocketServers } from '../testing/pocket-server.js';

/** `infra/ic/pocket-suite`, compiled by set-up. */
const SUITE =
  process.env.LIVEPOD_POCKET_SUITE ?? fileURLToPath(new URL('../../../../.cache/bin/pocket-suite', import.meta.url));

(existsSync(SUITE) ? describe : describe.skip)('the crate pocket-ic 16.1', () => {
  it.each(pocketServers)('runs its tests on %s', async (_, server) => {
    const environment = {
      ...process.env,
      NODE_OPTIONS: '',
      POCKET_IC_BIN: server,
      POCKET_IC_MUTE_SERVER: '1',
      TEST_CANISTER: testWasmPath(),
    };
    const { stdout } = await promisify(execFile)(SUITE, ['--test-threads', '2'], {
      env: environment,
      timeout: 300_000,
    }).catch((failure: { stdout: string; stderr: string }) => {
      throw new Error(failure.stdout + failure.stderr);
    });
    expect(stdout).toMatch(/test result: ok\. \d+ passed; 0 failed; 0 ignored/);
  });
});
