import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CACHE } from './places.mjs';

const SOURCE = fileURLToPath(new URL('./', import.meta.url));
const PLACES = [join(CACHE, 'ic'), join(tmpdir(), `livepod-ic-${process.getuid?.() ?? 0}`)];
/** Modules of CommonJS call `require` for Node's own. */
const BANNER =
  "import { createRequire as requiring } from 'node:module'; const require = requiring(import.meta.url); " +
  "const __dirname = '.'; const __filename = '.';";
/** Milliseconds after which what was made of other sources is deleted. */
const OUT_OF_USE = 7 * 86_400_000;

/**
 * Entry points as single files of JavaScript, since a process or thread that has to find and compile a hundred modules
 * takes seconds to start. They are made when the sources have changed since the last time. JavaScript itself, for it is
 * what starts first.
 *
 * @param {...string} names  of files in `src`, without `.ts`
 * @returns {string[]} their paths
 */
export function bundled(...names) {
  const version = createHash('sha256').update(process.version);
  for (const name of readdirSync(SOURCE, { recursive: true })
    .filter((one) => /(?<!\.test)\.m?[tj]s$/.test(one))
    .sort()) {
    const { mtimeMs, size } = statSync(join(SOURCE, name));
    version.update(`${name} ${mtimeMs} ${size}\n`);
  }
  const place = writable();
  const folder = join(place, version.digest('hex').slice(0, 16));
  return names.map((name) => {
    const path = join(folder, `${name.replaceAll('/', '-')}.mjs`);
    if (!existsSync(path)) build(name, path, place);
    return path;
  });
}

function build(name, path, place) {
  deleteOld(place);
  const { buildSync } = createRequire(join(SOURCE, 'bundle.mjs'))('esbuild');
  const { outputFiles } = buildSync({
    entryPoints: [join(SOURCE, `${name}.ts`)],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    banner: { js: BANNER },
    logLevel: 'silent',
    // modules beside this one find by it what lies around them
    define: { 'import.meta.url': JSON.stringify(import.meta.url) },
  });
  mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 });
  const half = `${path}.${process.pid}`;
  writeFileSync(half, outputFiles[0].contents);
  renameSync(half, path);
}

function deleteOld(place) {
  for (const name of readdirSync(place).filter((one) => /^[0-9a-f]{16}$/.test(one))) {
    const folder = join(place, name);
    if (Date.now() - statSync(folder).mtimeMs > OUT_OF_USE) rmSync(folder, { recursive: true, force: true });
  }
}

/** The first place where files can be written. */
function writable() {
  for (const place of PLACES) {
    try {
      mkdirSync(place, { recursive: true, mode: 0o700 });
      const probe = join(place, `.${process.pid}`);
      writeFileSync(probe, '');
      renameSync(probe, join(place, '.written'));
      return place;
    } catch {
      /* a read-only installation */
    }
  }
  return PLACES.at(-1);
}
