import { existsSync } from 'node:fs';
import { copyFile, cp, link, mkdir, readdir, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { installMissing } from '../debian.js';
import { StackError } from '../errors.js';
import { cache, own, root } from '../paths.js';
import { run, which } from '../run.js';
import { hashOf, stamped, writeStamp } from '../stamp.js';
import type { Step, StepOutcome } from '../step.js';

const PACKAGE = '@tensorflow/tfjs-node';
const GPU_PACKAGE = '@tensorflow/tfjs-node-gpu';
const BINDING = 'lib/napi-v8/tfjs_binding.node';
const built = cache('tensorflow');

export const tensorflow: Step = {
  name: 'tensorflow',
  title: 'TensorFlow.js, native',
  ways: [
    `${GPU_PACKAGE} with a GPU and its libraries (CUDA 11.8, cuDNN 8.6): npm rebuild ${GPU_PACKAGE} ` +
      '--ignore-scripts=false',
    `${PACKAGE} with its own download: npm rebuild ${PACKAGE} --ignore-scripts=false`,
    'a C++ compiler, make, Python 3 with pip, and a package index with tensorflow-cpu 2.15.1: built here',
    'none of these: the WASM backend, about ten times slower',
  ],
  async run(progress) {
    const backend = await tensorflowBackend();
    if (backend) return { how: 'cached', detail: `${backend} loads` };
    const folder = packageFolder(PACKAGE);
    if (folder === null) return onlyWasm(`${PACKAGE} is not installed`);
    try {
      await buildBinding(folder, progress);
      await place(folder);
    } catch (error) {
      return onlyWasm((error as Error).message);
    }
    return (await loads(PACKAGE))
      ? { how: 'built', detail: `${PACKAGE} with tensorflow-cpu 2.15.1` }
      : onlyWasm('the binding was built and does not load');
  },
};

/** The native package that loads as it is, with the version; null when none does. */
export async function tensorflowBackend(): Promise<string | null> {
  if (which('nvidia-smi') !== null && (await loads(GPU_PACKAGE))) return GPU_PACKAGE;
  return (await loads(PACKAGE)) ? PACKAGE : null;
}

const onlyWasm = (why: string): StepOutcome => ({
  how: 'found',
  detail: 'WASM backend',
  warning: `training will be about ten times slower, on the WASM backend: ${why}`,
});

function packageFolder(name: string): string | null {
  try {
    return dirname(createRequire(join(root, 'package.json')).resolve(`${name}/package.json`));
  } catch {
    return null;
  }
}

/** Loads the package in a process of its own: a broken native library must not take set-up with it. */
async function loads(name: string): Promise<boolean> {
  if (packageFolder(name) === null) return false;
  const script =
    `const tf = require(${JSON.stringify(name)}); tf.tensor1d([1, 2]).square().data().then((d) => ` +
    'process.exit(d[1] === 4 ? 0 : 1));';
  return run(process.execPath, ['-e', script], { cwd: root, env: { TF_CPP_MIN_LOG_LEVEL: '2' }, timeout: 60_000 }).then(
    () => true,
    () => false,
  );
}

/**
 * Compiles the binding (N-API 8) into `.cache/tensorflow/{lib/napi-v8,deps/lib}`, the layout that its run path expects.
 */
async function buildBinding(folder: string, progress: (line: string) => void): Promise<void> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new StackError(
      'toolMissing',
      { platform: process.platform, arch: process.arch },
      `There is no pinned TensorFlow library for ${process.platform} on ${process.arch}; run npm rebuild ` +
        `${PACKAGE} --ignore-scripts=false.`,
    );
  }
  const inputs = await hashOf([own('pins', 'tensorflow.txt'), join(folder, 'binding')], '1');
  const stamp = cache('stamps', 'tensorflow');
  if (existsSync(join(built, BINDING)) && (await stamped(stamp, inputs))) return;

  await rm(built, { recursive: true, force: true });
  const work = cache('tensorflow-build');
  await rm(work, { recursive: true, force: true });
  await mkdir(work, { recursive: true });
  await installMissing({ 'g++': 'g++', make: 'make', pip3: 'python3-pip' }, progress);
  progress('downloading the tensorflow-cpu 2.15.1 wheel (207 MB)');
  await run(
    'python3',
    [
      '-m',
      'pip',
      'download',
      '--no-deps',
      '--only-binary=:all:',
      '--require-hashes',
      '--quiet',
      '--implementation',
      'cp',
      '--python-version',
      '3.11',
      '--abi',
      'cp311',
      '--platform',
      'manylinux2014_x86_64',
      '--platform',
      'manylinux_2_17_x86_64',
      '--dest',
      work,
      '--requirement',
      own('pins', 'tensorflow.txt'),
    ],
    { onLine: progress, timeout: 20 * 60_000 },
  );
  const wheel = (await readdir(work)).find((name) => name.endsWith('.whl'))!;
  progress('taking out the library and its headers');
  await run('python3', [own('python', 'extract_tensorflow.py'), join(work, wheel), join(work, 'deps')], {
    onLine: progress,
  });
  await rm(join(work, wheel));
  await symlink('libtensorflow_cc.so.2', join(work, 'deps/lib/libtensorflow.so'));
  await symlink('libtensorflow_framework.so.2', join(work, 'deps/lib/libtensorflow_framework.so'));

  for (const part of ['binding', 'binding.gyp', 'package.json'])
    await cp(join(folder, part), join(work, part), { recursive: true });
  progress('compiling the binding');
  await run(
    process.execPath,
    [
      nodeGyp(),
      'rebuild',
      ...nodeHeaders(),
      '--module_name=tfjs_binding',
      `--module_path=${join(work, 'lib/napi-v8')}`,
      '--napi_build_version=8',
    ],
    { cwd: work, onLine: progress, timeout: 10 * 60_000 },
  );

  await rm(join(work, 'deps/include'), { recursive: true });
  for (const name of await readdir(work)) {
    if (name !== 'deps' && name !== 'lib') await rm(join(work, name), { recursive: true });
  }
  await rename(work, built);
  await writeStamp(stamp, inputs);
}

/**
 * Puts the build into the installed package by hard links (a copy across file systems): it survives in the cache when
 * npm removes the package.
 */
async function place(folder: string): Promise<void> {
  for (const part of ['lib/napi-v8', 'deps/lib']) {
    await rm(join(folder, part), { recursive: true, force: true });
    await mkdir(join(folder, part), { recursive: true });
    for (const entry of await readdir(join(built, part), { withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const from = join(built, part, entry.name);
      const to = join(folder, part, entry.name);
      await link(from, to).catch(() => copyFile(from, to));
    }
  }
}

/** npm carries a node-gyp. */
function nodeGyp(): string {
  const npm = process.env['npm_execpath'];
  const places = [
    ...(npm ? [resolve(dirname(npm), '..')] : []),
    resolve(dirname(process.execPath), '../lib/node_modules/npm'),
    resolve(dirname(process.execPath), '../share/nodejs/npm'),
    '/usr/share/nodejs/npm',
    '/usr/lib/node_modules/npm',
    '/usr/local/lib/node_modules/npm',
  ];
  for (const place of places) {
    try {
      return createRequire(join(place, 'package.json')).resolve('node-gyp/bin/node-gyp.js');
    } catch {
      /* next place */
    }
  }
  throw new StackError('toolMissing', { places }, 'node-gyp, which comes with npm, was not found.');
}

/** Node's own headers where they are installed; otherwise node-gyp downloads them. */
function nodeHeaders(): string[] {
  const prefix = resolve(dirname(process.execPath), '..');
  return existsSync(join(prefix, 'include/node/node_api.h')) ? [`--nodedir=${prefix}`] : [];
}
