import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import type * as Tf from '@tensorflow/tfjs';
import { RecipeError } from './errors.js';
import { fewerOperations } from './gradients.js';

export interface Backend {
  tf: typeof Tf;
  name: 'gpu' | 'native' | 'wasm';
  /** One line for the log at start, with the remedy where the backend is a slow one. */
  notice: string;
}

let loaded: Promise<Backend> | undefined;

/**
 * The fastest TensorFlow.js this machine has: CUDA, the native CPU library, or WASM with a warning.
 * `LIVEPOD_TENSORFLOW=gpu|native|wasm` insists on one; `LIVEPOD_MODULES` names a file beside whose node_modules to
 * look.
 *
 * @throws RecipeError `noBackend`
 */
export function tensorflow(): Promise<Backend> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<Backend> {
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  const require = createRequire(process.env['LIVEPOD_MODULES'] ?? import.meta.url);
  const wanted = process.env['LIVEPOD_TENSORFLOW'];
  const why: string[] = [];
  const attempts: [Backend['name'], () => Backend | Promise<Backend>][] = [
    [
      'gpu',
      () => {
        if (wanted !== 'gpu') execFileSync('nvidia-smi', ['-L'], { stdio: 'ignore' });
        return {
          tf: require('@tensorflow/tfjs-node-gpu'),
          name: 'gpu',
          notice: 'TensorFlow on the GPU (tfjs-node-gpu)',
        };
      },
    ],
    [
      'native',
      () => ({
        tf: require('@tensorflow/tfjs-node'),
        name: 'native',
        notice: 'TensorFlow on the CPU, native library (tfjs-node)',
      }),
    ],
    ['wasm', () => loadWasm(require)],
  ];
  for (const [name, attempt] of attempts) {
    if (wanted && wanted !== name) continue;
    try {
      const backend = await attempt();
      await backend.tf.ready();
      fewerOperations(backend.tf);
      return backend;
    } catch (error) {
      why.push(`${name}: ${(error as Error).message.split('\n')[0]}`);
    }
  }
  throw new RecipeError(
    'noBackend',
    { wanted, why },
    `No TensorFlow.js backend loads (${why.join('; ')}); run npm run doctor.`,
  );
}

async function loadWasm(require: NodeJS.Require): Promise<Backend> {
  const tf = require('@tensorflow/tfjs') as typeof Tf;
  const wasm = require('@tensorflow/tfjs-backend-wasm') as { setWasmPaths(prefix: string): void };
  wasm.setWasmPaths(require.resolve('@tensorflow/tfjs-backend-wasm/package.json').replace(/package\.json$/, 'dist/'));
  await tf.setBackend('wasm');
  const { fillWasmKernels } = await import('./wasmKernels.js');
  fillWasmKernels(tf);
  return {
    tf,
    name: 'wasm',
    notice:
      'Warning: TensorFlow in WebAssembly, about ten times slower than the native library; npm run doctor ' +
      'says what is missing',
  };
}
