import { existsSync } from 'node:fs';
import { copyFile, mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { cache, root } from '../paths.js';
import { run, versionOf, which } from '../run.js';
import { hashOf, stamped, writeStamp } from '../stamp.js';
import type { Step } from '../step.js';

const crate = join(root, 'infra/ic/pocket-suite');
const output = cache('bin', 'pocket-suite');

interface Artifact {
  reason?: string;
  executable?: string | null;
  target?: { name?: string };
}

/**
 * Tests in Rust with the crate `pocket-ic`, compiled: they run against the IC host, and against the real PocketIC
 * server where there is one.
 */
export const pocketSuite: Step = {
  name: 'pocket-suite',
  title: "Tests with PocketIC's client",
  ways: ['Rust 1.85 or later with cargo, and a C compiler'],
  after: ['rust'],
  lane: 'cargo',
  async run(progress) {
    const cargo = which('cargo') ? 'cargo' : '/usr/bin/cargo';
    const inputs = await hashOf(
      [join(crate, 'Cargo.toml'), join(crate, 'Cargo.lock'), join(crate, 'src'), join(crate, 'tests')],
      (await versionOf(cargo)) ?? '',
    );
    const stamp = cache('stamps', 'pocket-suite');
    if (existsSync(output) && (await stamped(stamp, inputs))) return { how: 'cached', detail: 'pocket-ic 16.1.0' };
    try {
      const printed = await run(cargo, ['test', '--no-run', '--locked', '--message-format=json'], {
        cwd: crate,
        env: { CARGO_TARGET_DIR: cache('cargo-target'), CARGO_TERM_COLOR: 'never' },
        timeout: 20 * 60_000,
      });
      const built = printed
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as Artifact)
        .find(
          ({ reason, executable, target }) => reason === 'compiler-artifact' && executable && target?.name === 'suite',
        );
      await mkdir(cache('bin'), { recursive: true });
      await copyFile(built!.executable!, `${output}.new`);
      await rename(`${output}.new`, output);
    } catch (cause) {
      progress((cause as Error).message);
      return {
        how: 'found',
        detail: 'none',
        warning:
          "the tests with PocketIC's client in Rust are left out, since they do not compile here: " +
          `${(cause as Error).message.split('\n')[0]}`,
      };
    }
    await writeStamp(stamp, inputs);
    return { how: 'built', detail: 'pocket-ic 16.1.0' };
  },
};
