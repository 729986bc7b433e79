import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { aptInstall, canInstall } from './debian.js';
import { StackError } from './errors.js';
import { run, versionOf, which } from './run.js';

export const TARGET = 'wasm32-unknown-unknown';
const PACKAGES = ['rustc-web', 'cargo-web', 'rust-web-src', 'lld-19'];

/** How this machine compiles Rust to Wasm: `cargo build ...args` with `env`. */
export interface WasmToolchain {
  kind: 'target installed' | 'Debian, std built here';
  cargo: string;
  /** For `cargo build`, before `-p`. */
  args: string[];
  env: Record<string, string>;
  /** The compiler's version: a build made by another one is made again. */
  version: string;
}

/** The Rust on PATH when it has the Wasm target; else Debian's, which builds the standard library itself; else null. */
export async function findWasmToolchain(): Promise<WasmToolchain | null> {
  const sysroot = await run('rustc', ['--print', 'sysroot'], { timeout: 20_000 }).then(
    (text) => text.trim(),
    () => null,
  );
  if (sysroot && which('cargo') && existsSync(join(sysroot, 'lib/rustlib', TARGET, 'lib'))) {
    return {
      kind: 'target installed',
      cargo: 'cargo',
      args: ['--release', '--target', TARGET],
      env: {},
      version: (await versionOf('rustc'))!,
    };
  }
  const linker = which('wasm-ld-19') ?? which('wasm-ld');
  if (linker && existsSync('/usr/bin/rustc') && existsSync('/usr/bin/cargo')) {
    const own = (await run('/usr/bin/rustc', ['--print', 'sysroot'], { timeout: 20_000 }).catch(() => '')).trim();
    if (own && existsSync(join(own, 'lib/rustlib/src/rust/library/std/Cargo.toml'))) {
      return {
        kind: 'Debian, std built here',
        cargo: '/usr/bin/cargo',
        args: ['--release', '--target', TARGET, '-Zbuild-std=std,panic_abort'],
        env: { RUSTC_BOOTSTRAP: '1', RUSTC: '/usr/bin/rustc', CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER: linker },
        version: (await versionOf('/usr/bin/rustc'))!,
      };
    }
  }
  return null;
}

/**
 * The toolchain, installed from Debian where that is allowed (as root).
 *
 * @throws StackError `toolMissing` with every way to provide one
 */
export async function wasmToolchain(progress: (line: string) => void = () => {}): Promise<WasmToolchain> {
  const found = await findWasmToolchain();
  if (found) return found;
  if (canInstall()) {
    await aptInstall(PACKAGES, progress);
    const installed = await findWasmToolchain();
    if (installed) return installed;
  }
  throw new StackError(
    'toolMissing',
    { target: TARGET },
    `No Rust on this machine compiles to ${TARGET}. Any one of: ${rustWays.join('; ')}.`,
  );
}

export const rustWays = [
  `rustup target add ${TARGET}`,
  `as root, on Debian: apt-get install ${PACKAGES.join(' ')} (done by itself when run as root)`,
];
