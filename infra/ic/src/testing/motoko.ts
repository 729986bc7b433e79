import { createRequire } from 'node:module';

interface Compiler {
  loadPackage(library: object): void;
  write(path: string, source: string): void;
  wasm(path: string, mode: 'ic'): { wasm: Uint8Array };
}

const require = createRequire(import.meta.url);

/**
 * Compiles one actor with Motoko's own compiler (npm package `motoko`): addresses of 64 bits, and data that stay in the
 * heap over an upgrade.
 *
 * @param source  may import `mo:core`
 */
export function compiled(source: string): Uint8Array {
  const compiler = require('motoko') as Compiler;
  compiler.loadPackage(require('motoko/packages/latest/core.json') as object);
  return moduleOf(compiler, source);
}

/**
 * The same with a compiler of before 2025: addresses of 32 bits, and stable variables that an upgrade takes through
 * stable memory.
 */
export function compiledClassically(source: string): Uint8Array {
  return moduleOf(require('motoko-classical') as Compiler, source);
}

function moduleOf(compiler: Compiler, source: string): Uint8Array {
  compiler.write('Main.mo', source);
  return Uint8Array.from(compiler.wasm('Main.mo', 'ic').wasm);
}
