import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { cache, root } from '../paths.js';
import { run, which } from '../run.js';
import { hashOf, stamped, writeStamp } from '../stamp.js';
import type { Step } from '../step.js';
import { rustWays, TARGET, wasmToolchain, type WasmToolchain } from '../wasmToolchain.js';

/** The canisters, one crate and one Wasm module each. */
export const canisterNames = [
  'governance',
  'datasets',
  'bucket',
  'access',
  'models',
  'fleet',
  'treasury',
  'ledger',
  'root',
] as const;

/**
 * Compiles crates of one workspace to `<outDir>/<crate>.wasm`, unless they are there, made from the same sources by the
 * same compiler.
 *
 * @param crateDir  the workspace's folder, from the clone's top
 * @param packages  names of crates with a `cdylib` in it
 * @returns whether anything had to be compiled
 */
export async function buildWasm(
  crateDir: string,
  packages: readonly string[],
  outDir = cache('wasm'),
  progress: (line: string) => void = () => {},
): Promise<boolean> {
  const toolchain = await wasmToolchain(progress);
  const { folder, outputs, done, finish } = await plan(crateDir, packages, outDir, toolchain);
  if (done) return false;

  const target = cache('cargo-target');
  const args = ['build', ...locked(folder), ...toolchain.args, ...packages.flatMap((name) => ['-p', name])];
  await run(toolchain.cargo, args, {
    cwd: folder,
    env: { ...toolchain.env, CARGO_TARGET_DIR: target, CARGO_TERM_COLOR: 'never' },
    onLine: progress,
    timeout: 40 * 60_000,
  });
  await mkdir(outDir, { recursive: true });
  for (const [i, path] of outputs.entries()) {
    const module = `${packages[i]!.replaceAll('-', '_')}.wasm`;
    await copyFile(join(target, TARGET, 'release', module), `${path}.new`);
    await rename(`${path}.new`, path);
  }
  await finish();
  return true;
}

/** Name and SHA-256 in hex of each canister's module as it was built: what a vote on an upgrade names. */
export async function hashesOfCanisters(outDir = cache('wasm')): Promise<[string, string][]> {
  return Promise.all(
    canisterNames.map(async (name): Promise<[string, string]> => {
      const module = await readFile(join(outDir, `${name}.wasm`));
      return [name, createHash('sha256').update(module).digest('hex')];
    }),
  );
}

/** Where a workspace's modules go, and whether they are there, made from these very sources by this compiler. */
async function plan(crateDir: string, packages: readonly string[], outDir: string, toolchain: WasmToolchain) {
  const folder = join(root, crateDir);
  const inputs = await hashOf(await rustSources(folder), toolchain.version, toolchain.kind, ...packages);
  const outputs = packages.map((name) => join(outDir, `${name}.wasm`));
  const stamp = cache('stamps', `wasm-${packages.join('-')}`);
  const done = outputs.every((path) => existsSync(path)) && (await stamped(stamp, inputs));
  return { folder, outputs, done, finish: () => writeStamp(stamp, inputs) };
}

const locked = (folder: string): string[] => (existsSync(join(folder, 'Cargo.lock')) ? ['--locked'] : []);

/** Downloads a workspace's crates with the cargo that is there, be it not the one that will compile them. */
async function fetchCrates(crateDir: string, packages: readonly string[]): Promise<void> {
  const cargo = which('cargo');
  if (cargo === null || packages.every((name) => existsSync(cache('wasm', `${name}.wasm`)))) return;
  const folder = join(root, crateDir);
  await run(cargo, ['fetch', ...locked(folder), '--target', TARGET], { cwd: folder, timeout: 10 * 60_000 });
}

/** What decides a build: manifests, lock file and the crates' sources; a TypeScript package beside them does not. */
async function rustSources(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const paths: string[] = [];
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (
      entry.isFile()
        ? /\.(toml|lock|did|rs)$/.test(entry.name)
        : entry.name === 'src' || entry.name === 'lib' || (await isCrate(path))
    )
      paths.push(path);
  }
  return paths.sort();
}

const isCrate = (folder: string): Promise<boolean> =>
  readFile(join(folder, 'Cargo.toml')).then(
    () => true,
    () => false,
  );

function wasmStep(name: string, title: string, crateDir: string, packages: readonly string[]): Step {
  return {
    name,
    title,
    ways: rustWays,
    after: ['rust'],
    lane: 'cargo',
    fetch: () => fetchCrates(crateDir, packages),
    async run(progress) {
      const built = await buildWasm(crateDir, packages, cache('wasm'), progress);
      return {
        how: built ? 'built' : 'cached',
        detail: packages.length > 1 ? `${packages.length} modules` : `${packages[0]}.wasm`,
      };
    },
  };
}

export const rust: Step = {
  name: 'rust',
  title: 'Rust for Wasm',
  ways: rustWays,
  async run(progress) {
    const toolchain = await wasmToolchain(progress);
    return { how: 'found', detail: `${toolchain.version} (${toolchain.kind})` };
  },
};
export const canisters = wasmStep('canisters', 'Canisters', 'canisters', canisterNames);
export const instrument = wasmStep('instrument', 'Wasm instrumenter of the IC host', 'infra/ic/instrument', [
  'instrument',
]);
export const testCanister = wasmStep('test-canister', 'Test canister of the IC host', 'infra/ic/test-canister', [
  'test-canister',
]);
