import { copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** One file of JavaScript that a process is started with, and the folders of the packages that it needs. */
export interface Program {
  /** Holds the file, and links to the packages. */
  folder: string;
  file: string;
  packages: Readonly<Record<string, string>>;
}

/** ONNX Runtime is native, and stays outside of the file. */
const NATIVE = 'onnxruntime-node';
const BANNER = "import { createRequire as requiring } from 'node:module'; const require = requiring(import.meta.url);";

const made = new Map<string, Promise<Program>>();

/**
 * A program as one file: from a source, bundled when it is first asked for; else the file, which a packed release
 * brings. So the process needs neither a loader nor this project's sources, and can be shown nothing else.
 *
 * @param entry  of the source (`.ts`), or of the file
 */
export function programOf(entry: URL): Promise<Program> {
  const path = fileURLToPath(entry);
  const known = made.get(path);
  if (known) return known;
  const program = make(path);
  made.set(path, program);
  program.catch(() => made.delete(path));
  return program;
}

async function make(entry: string): Promise<Program> {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'livepod-model-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'program.mjs');
  if (entry.endsWith('.ts')) await bundle(entry, file);
  else copyFileSync(entry, file);
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  mkdirSync(join(folder, 'node_modules'));
  const runtime = packageFolder(createRequire(import.meta.url), NATIVE);
  const packages = {
    [NATIVE]: runtime,
    'onnxruntime-common': packageFolder(createRequire(join(runtime, 'package.json')), 'onnxruntime-common'),
  };
  for (const [name, target] of Object.entries(packages)) symlinkSync(target, join(folder, 'node_modules', name), 'dir');
  return { folder, file, packages };
}

async function bundle(entry: string, outfile: string): Promise<void> {
  const { build } = await import('esbuild');
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: [NATIVE, 'esbuild'],
    banner: { js: BANNER },
    logLevel: 'error',
  });
}

/** The folder of a package, whatever its `exports` let be found. */
function packageFolder(require: NodeJS.Require, name: string): string {
  let folder = dirname(realpathSync(require.resolve(name)));
  while (!folder.endsWith(join('node_modules', name))) {
    const above = dirname(folder);
    if (above === folder) throw new Error(`The package ${name} lies in no folder of its name.`);
    folder = above;
  }
  return folder;
}
