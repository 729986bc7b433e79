import { wasmModule } from '../testing/wasm-writer.js';
import { globalsOf } from './globals.js';

describe('the globals of a module', () => {
  it('are found whatever functions it exports beside them, with names of any length', () => {
    const functions = [
      { exports: ['canister_update a', `canister_query ${'long'.repeat(100)}`, 'canister_init'], code: [] },
    ];
    expect(globalsOf(wasmModule({ functions, memory: 1, globals: 2 }))).toEqual(
      Array.from({ length: 2 }, () => ({ kind: 'i32', mutable: true, exported: false, value: 0 })),
    );
  });

  it('are exported where the module says so', () => {
    const globals = [6, 11, 2, 0x7f, 0, 0x41, 5, 0x0b, 0x7e, 1, 0x42, 0x7f, 0x0b];
    const exports = [7, 12, 2, 1, 0x6d, 0, 0, 4, ...Buffer.from('kept'), 3, 1];
    expect(globalsOf(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...globals, ...exports))).toEqual([
      { kind: 'i32', mutable: false, exported: false, value: 5 },
      { kind: 'i64', mutable: true, exported: true, value: -1n },
    ]);
  });
});
