import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { ReleaseError } from './errors.js';

const ONNX_RUNTIME = 'onnxruntime-node';

/** What strangers install with npm as it is, in TypeScript; all else of the project runs from a clone or an image. */
const PUBLISHED = ['protocol', 'infra/ic', 'canisters/client'];

/**
 * Packs what is published into `dist`: npm tarballs, the canisters' Wasm, and SHA256SUMS over all of it.
 *
 * @returns the names of the files in `dist`
 * @throws ReleaseError `noWasm` · `commandFailed`
 */
export async function pack(root: string, dist: string): Promise<string[]> {
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist, { recursive: true });
  for (const folder of [...PUBLISHED.map((name) => join(root, name)), await bundledPod(root)]) {
    npm(folder, ['pack', '--silent', '--pack-destination', dist]);
  }
  copyWasm(join(root, '.cache/wasm'), dist);
  const names = readdirSync(dist).toSorted();
  writeFileSync(join(dist, 'SHA256SUMS'), names.map((name) => `${sha256(join(dist, name))}  ${name}\n`).join(''));
  return [...names, 'SHA256SUMS'];
}

/**
 * The pod as a package of a file per process and thread, whose install is ONNX Runtime and nothing else.
 *
 * @returns its folder
 */
async function bundledPod(root: string): Promise<string> {
  const source = join(root, 'pod/src');
  const folder = join(root, 'pod/dist');
  rmSync(folder, { recursive: true, force: true });
  await build({
    entryPoints: {
      pod: join(source, 'main.ts'),
      runtime: join(source, 'runtime/child.ts'),
      reading: join(source, 'runtime/readingThread.ts'),
    },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: [ONNX_RUNTIME, 'esbuild'],
    define: { LIVEPOD_BUILT_AT: JSON.stringify(builtAt(root)) },
    banner: {
      js: "import { createRequire as requiring } from 'node:module'; const require = requiring(import.meta.url);",
    },
    legalComments: 'linked',
    logLevel: 'error',
  });
  writeFileSync(join(folder, 'livepod-pod.mjs'), "#!/usr/bin/env node\nimport './pod.mjs';\n", { mode: 0o755 });
  const { version, description, license } = packageOf(root, 'pod');
  const { dependencies } = packageOf(root, 'runtime');
  const manifest = {
    name: 'livepod-pod',
    version,
    description,
    license,
    type: 'module',
    bin: { 'livepod-pod': './livepod-pod.mjs' },
    dependencies: { [ONNX_RUNTIME]: dependencies[ONNX_RUNTIME] },
  };
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  copyFileSync(join(root, 'docs/pods.md'), join(folder, 'README.md'));
  copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  return folder;
}

/**
 * The time that a pod goes by when its device knows none: SOURCE_DATE_EPOCH where it is set, else the last commit's, so
 * that the same sources make the same package; outside a repository, now.
 */
function builtAt(root: string): string {
  const epoch = process.env['SOURCE_DATE_EPOCH'];
  if (epoch) return new Date(Number(epoch) * 1000).toISOString();
  try {
    const commit = execFileSync('git', ['log', '-1', '--format=%ct'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return new Date(Number(commit.toString()) * 1000).toISOString();
  } catch {
    return new Date().toISOString();
  }
}

interface Package {
  version: string;
  description: string;
  license: string;
  dependencies: Record<string, string>;
}

const packageOf = (root: string, folder: string): Package =>
  JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Package;

function copyWasm(from: string, dist: string): void {
  const modules = existsSync(from) ? readdirSync(from).filter((name) => /\.wasm(\.gz)?$/.test(name)) : [];
  if (modules.length === 0) {
    throw new ReleaseError(
      'noWasm',
      { from },
      'The canisters are not built: npx tsx infra/stack/src/main.ts setup canisters.',
    );
  }
  for (const name of modules) copyFileSync(join(from, name), join(dist, name));
}

const sha256 = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');

function npm(folder: string, args: string[]): void {
  try {
    execFileSync('npm', args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  } catch (cause) {
    throw new ReleaseError('commandFailed', { args }, `npm ${args.join(' ')} failed; its output is above.`, { cause });
  }
}
