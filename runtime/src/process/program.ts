import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, realpathSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** One file of JavaScript that a process is started with, and the folders of the packages that it needs. */
export interface Program {
  /** Holds the file, which finds the packages from there. */
  folder: string;
  file: string;
  packages: Readonly<Record<string, string>>;
}

/** ONNX Runtime is native, and stays outside of the file. */
const NATIVE = 'onnxruntime-node';
const BANNER = "import { createRequire as requiring } from 'node:module'; const require = requiring(import.meta.url);";

const made = new Map<string, Promise<Program>>();

/**
 * A program as one file: from a source, bundled when it is first asked for, into a folder of its contents' name; else
 * the file, which a packed release brings. So the process needs neither a loader nor this project's sources, and can be
 * shown nothing else.
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
  const runtime = packageFolder(createRequire(import.meta.url), NATIVE);
  const packages = {
    [NATIVE]: runtime,
    'onnxruntime-common': packageFolder(createRequire(join(runtime, 'package.json')), 'onnxruntime-common'),
  };
  if (!entry.endsWith('.ts')) return { folder: dirname(entry), file: entry, packages };
  const code = await bundle(entry);
  const folder = ownFolder(code, packages);
  const file = join(folder, 'program.mjs');
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, code);
  renameSync(draft, file);
  return { folder, file, packages };
}

/** A folder of this user alone, named by what is in it: the same program finds it again. */
function ownFolder(code: Uint8Array, packages: Program['packages']): string {
  const hash = createHash('sha256').update(code).update(Object.values(packages).join()).digest('hex');
  const { uid } = userInfo();
  const folder = join(realpathSync(tmpdir()), `livepod-model-${uid}-${hash.slice(0, 16)}`);
  mkdirSync(join(folder, 'node_modules'), { recursive: true, mode: 0o700 });
  const found = lstatSync(folder);
  if (!found.isDirectory() || found.uid !== uid || (found.mode & 0o077) !== 0)
    throw new Error(`The folder ${folder} is not this user's alone; remove it.`);
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  for (const [name, target] of Object.entries(packages)) link(target, join(folder, 'node_modules', name));
  return folder;
}

async function bundle(entry: string): Promise<Uint8Array> {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [entry],
    write: false,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: [NATIVE, 'esbuild'],
    banner: { js: BANNER },
    logLevel: 'error',
  });
  return outputFiles[0]!.contents;
}

function link(target: string, path: string): void {
  try {
    symlinkSync(target, path, 'dir');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
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
