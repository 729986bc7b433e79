import { buildSync } from 'esbuild';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('../', import.meta.url));
const PLACES = [fileURLToPath(new URL('../../../../.cache/ic', import.meta.url)), join(tmpdir(), `livepod-ic-${process.getuid?.() ?? 0}`)];
/** Modules of CommonJS call `require` for Node's own. */
const BANNER = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url); const __dirname = '.'; const __filename = '.';";

/**
 * Threads' entry points as single files of JavaScript, since a thread that has to compile and find a hundred modules takes seconds to start. They are made
 * when the sources have changed since the last time.
 *
 * @param names  of files in this folder
 * @returns their paths
 */
export function bundled(...names: string[]): string[] {
  const version = createHash('sha256').update(process.version);
  for (const name of (readdirSync(SOURCE, { recursive: true }) as string[]).filter((one) => one.endsWith('.ts') && !one.endsWith('.test.ts')).sort()) {
    const { mtimeMs, size } = statSync(join(SOURCE, name));
    version.update(`${name} ${mtimeMs} ${size}\n`);
  }
  const folder = join(writable(), version.digest('hex').slice(0, 16));
  return names.map((name) => {
    const path = join(folder, `${name}.mjs`);
    if (!existsSync(path)) build(name, path);
    return path;
  });
}

function build(name: string, path: string): void {
  const { outputFiles } = buildSync({
    entryPoints: [join(SOURCE, 'threads', `${name}.ts`)], bundle: true, write: false, format: 'esm', platform: 'node', target: 'node20', banner: { js: BANNER }, logLevel: 'silent',
  });
  mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 });
  const half = `${path}.${process.pid}`;
  writeFileSync(half, outputFiles[0]!.contents);
  renameSync(half, path);
}

/** The first place where files can be written. */
function writable(): string {
  for (const place of PLACES.slice(0, -1)) {
    try {
      mkdirSync(place, { recursive: true, mode: 0o700 });
      const probe = join(place, `.${process.pid}`);
      writeFileSync(probe, '');
      renameSync(probe, join(place, '.written'));
      return place;
    } catch { /* a read-only installation */ }
  }
  return PLACES.at(-1)!;
}
