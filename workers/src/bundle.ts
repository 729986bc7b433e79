import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, type BundleOptions } from '@temporalio/worker';
import { dataConverter } from './temporal.js';

const require = createRequire(import.meta.url);
const root = fileURLToPath(new URL('../../', import.meta.url));

export type Entry = 'orchestrator' | 'provider';

/** The workflow code of one entry as one script, and the name of this state of it. */
export interface Bundle {
  code: string;
  /** The first 16 hexadecimal digits of the SHA-256 of the code without its source map: the same on every machine. */
  buildId: string;
}

/** Files that are part of every bundle, absolute: interceptors that run inside the sandbox. */
export const workflowInterceptors: string[] = ['clearArguments.ts', 'interceptors.ts'].map((file) =>
  fileURLToPath(new URL(file, import.meta.resolve('@livepod/workflows'))),
);

const workflows = (file: string): string => fileURLToPath(new URL(file, import.meta.resolve('@livepod/workflows')));
const { NormalModuleReplacementPlugin } = createRequire(require.resolve('@temporalio/worker'))(
  'webpack',
) as typeof import('webpack');

/** OpenTelemetry's context manager for workflows is ours: `workflows/src/traceStorage.ts` says why. */
const oneTraceStorage = new NormalModuleReplacementPlugin(
  /^\.\/context-manager$/,
  (found: { context: string; request: string }) => {
    if (found.context.includes('interceptors-opentelemetry-v2')) found.request = workflows('traceContext.ts');
  },
);

const isSource = (name: string): boolean => name.endsWith('.ts') && !name.endsWith('.test.ts');

/**
 * The workflow code of one entry. Made once per state of the sources and of the SDK and kept in .cache, so that a
 * restarted worker polls in a second. Workers, replays and tests all take theirs from here: replaying needs the same
 * interceptors and converters.
 */
export async function workflowBundle(entry: Entry): Promise<Bundle> {
  const source = fileURLToPath(import.meta.resolve(`@livepod/workflows/${entry}`));
  const hash = createHash('sha256').update((require('@temporalio/worker/package.json') as { version: string }).version);
  const { payloadConverterPath, failureConverterPath } = dataConverter();
  const sources = (await readdir(dirname(source))).filter(isSource).map((name) => join(dirname(source), name));
  // What workflows import of the vocabulary decides as well.
  const protocol = dirname(fileURLToPath(import.meta.resolve('@livepod/protocol')));
  const vocabulary = await readdir(protocol, { recursive: true });
  sources.push(...vocabulary.filter(isSource).map((name) => join(protocol, name)));
  const parts = [
    ...sources,
    fileURLToPath(import.meta.url),
    payloadConverterPath ?? [],
    failureConverterPath ?? [],
    workflowInterceptors,
  ].flat();
  for (const path of parts.sort()) hash.update(relative(root, path)).update(await readFile(path));
  const cache = join(root, '.cache', 'workflows');
  const name = `${entry}-${hash.digest('hex').slice(0, 24)}.js`;
  const kept = await readFile(join(cache, name), 'utf8').catch(() => undefined);
  if (kept !== undefined) return { code: kept, buildId: buildIdOf(kept) };

  const code = await bundle(source);
  await mkdir(cache, { recursive: true });
  for (const old of (await readdir(cache)).filter((file) => file.startsWith(`${entry}-`) && file.endsWith('.js')))
    await rm(join(cache, old), { force: true });
  await writeFile(join(cache, `${name}.${process.pid}`), code);
  await rename(join(cache, `${name}.${process.pid}`), join(cache, name));
  return { code, buildId: buildIdOf(code) };
}

/** Bundles the workflows that a module exports, with everything that belongs into every bundle of ours. */
export async function bundle(workflowsPath: string): Promise<string> {
  const { payloadConverterPath, failureConverterPath } = dataConverter();
  const { code } = await bundleWorkflowCode({
    workflowsPath,
    workflowInterceptorModules: workflowInterceptors,
    preloadModules: [workflows('traceStorage.ts')],
    ...(payloadConverterPath ? { payloadConverterPath } : {}),
    ...(failureConverterPath ? { failureConverterPath } : {}),
    webpackConfigHook: smallAndOfNoMachine,
    logger: new DefaultLogger('WARN'),
  });
  return code;
}

/**
 * Files and modules are named as in the repository: histories' stack traces name no machine's folders, and the build id
 * is the same wherever it is made. The sources themselves stay out of the map. Exports that nothing uses are left out:
 * every cached workflow has its own instance of all modules.
 */
const smallAndOfNoMachine: NonNullable<BundleOptions['webpackConfigHook']> = (config) => ({
  ...config,
  context: root,
  plugins: [...(config.plugins ?? []), oneTraceStorage],
  optimization: {
    ...config.optimization,
    providedExports: true,
    usedExports: true,
    sideEffects: true,
    innerGraph: true,
  },
  devtool: 'inline-nosources-source-map',
  output: {
    ...config.output,
    devtoolModuleFilenameTemplate: ({ absoluteResourcePath }: { absoluteResourcePath: string }) =>
      absoluteResourcePath.replaceAll(root, ''),
  },
});

export function buildIdOf(code: string): string {
  const map = code.lastIndexOf('//# sourceMappingURL=data:');
  return createHash('sha256')
    .update(map < 0 ? code : code.slice(0, map))
    .digest('hex')
    .slice(0, 16);
}
