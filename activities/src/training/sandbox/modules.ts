import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/**
 * The packages that training loads: TensorFlow.js, which recipes' bundles leave outside, and what it loads in turn
 * (4.22). What it lists besides, it needs at its installation and for its commands only.
 */
const TENSORFLOW = [
  '@tensorflow/tfjs',
  '@tensorflow/tfjs-core',
  '@tensorflow/tfjs-layers',
  '@tensorflow/tfjs-converter',
  '@tensorflow/tfjs-data',
  '@tensorflow/tfjs-backend-cpu',
  '@tensorflow/tfjs-backend-webgl',
  '@tensorflow/tfjs-backend-wasm',
  '@tensorflow/tfjs-node',
  '@tensorflow/tfjs-node-gpu',
];
const LOADED_BY_IT = ['long', 'seedrandom', 'google-protobuf', 'progress', '@mapbox/node-pre-gyp'];
const LOADED_BY_PRE_GYP = ['nopt', 'abbrev', 'consola', 'detect-libc', 'semver'];

/** A folder that a recipe sees, where it is found and where it really lies. */
export interface SeenFolder {
  at: string;
  from: string;
}

/**
 * The folders that a recipe needs of all that is installed. Each mount takes time, so packages that lie together in
 * TensorFlow's own scope are one.
 *
 * @param modules  a file beside whose node_modules they are installed
 */
export function moduleFolders(modules: string): SeenFolder[] {
  const scopes = new Set<string>();
  for (const name of TENSORFLOW) {
    const at = packageFolder(name, modules);
    if (at !== undefined) scopes.add(dirname(at));
  }
  const by = [...scopes].map((scope) => join(scope, 'tfjs-node', 'package.json'));
  const others = by.flatMap((file) => {
    const direct = LOADED_BY_IT.map((name) => packageFolder(name, file));
    const preGyp = direct.find((at) => at?.endsWith('/node-pre-gyp'));
    const under = preGyp ? LOADED_BY_PRE_GYP.map((name) => packageFolder(name, join(preGyp, 'package.json'))) : [];
    return [...direct, ...under].filter((at) => at !== undefined);
  });
  const all = [...new Set([...scopes, ...others])];
  return all
    .filter((at) => !all.some((outer) => outer !== at && at.startsWith(`${outer}/`)))
    .map((at) => ({ at, from: realpathSync(at) }));
}

const packageFolder = (name: string, by: string): string | undefined =>
  createRequire(by)
    .resolve.paths(name)
    ?.map((place) => join(place, name))
    .find((place) => existsSync(join(place, 'package.json')));
