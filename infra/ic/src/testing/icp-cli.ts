import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { testWasmPath } from './network.js';

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));
const LAUNCHER = fileURLToPath(new URL('../../bin/icp-network-launcher.mjs', import.meta.url));
/**
 * The program itself, as npm package `@icp-sdk/icp-cli-linux-x64` carries it; there is one for Linux on x86-64 only.
 */
export const ICP = join(ROOT, 'node_modules/@icp-sdk/icp-cli-linux-x64/bin/icp');

export const icpIsHere = existsSync(ICP);

/** A project of `icp` with the test canister, in folders of its own. */
export class IcpProject {
  readonly folder = mkdtempSync(join(tmpdir(), 'livepod-icp-'));
  readonly #environment = {
    ...process.env,
    ICP_HOME: join(this.folder, 'home'),
    ICP_CLI_NETWORK_LAUNCHER_PATH: LAUNCHER,
    DO_NOT_TRACK: '1',
    RUST_BACKTRACE: '0',
    NODE_OPTIONS: '',
  };

  constructor(network: string) {
    cpSync(testWasmPath(), join(this.folder, 'test.wasm'));
    writeFileSync(
      join(this.folder, 'icp.yaml'),
      'canisters:\n  - name: test\n    build:\n      steps:\n        - type: pre-built\n          path: ' +
        `test.wasm\nnetworks:\n  - name: local\n${network}`,
    );
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  write(name: string, content: string): string {
    writeFileSync(this.path(name), content);
    return this.path(name);
  }

  /** Runs `icp`; what it prints, both streams. Throws that when it fails. */
  async run(...args: string[]): Promise<string> {
    try {
      const { stdout, stderr } = await promisify(execFile)(ICP, args, {
        cwd: this.folder,
        env: this.#environment,
        timeout: 120_000,
        maxBuffer: 16 << 20,
      });
      return stdout + stderr;
    } catch (failure) {
      const { stdout, stderr } = failure as { stdout?: string; stderr?: string };
      throw new Error(`icp ${args.join(' ')}: ${stdout}${stderr || String(failure)}`, { cause: failure });
    }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
