import type { GlobalValue } from '../subnet/snapshot.js';

export type GlobalKind = 'i32' | 'i64' | 'f32' | 'f64' | 'v128';

/** A module's own global; `value` is what it starts with, where that is a constant. */
export interface ModuleGlobal {
  kind: GlobalKind;
  mutable: boolean;
  exported: boolean;
  value?: number | bigint;
}

const KINDS: Record<number, GlobalKind> = { 0x7f: 'i32', 0x7e: 'i64', 0x7d: 'f32', 0x7c: 'f64', 0x7b: 'v128' };
const EXPORTS = 7;
const GLOBALS = 6;
const GLOBAL_EXPORT = 3;

/** The globals that a validated module defines, in their order (WebAssembly core: global section). */
export function globalsOf(wasm: Uint8Array): ModuleGlobal[] {
  const reader = new Reader(wasm, 8);
  const globals: ModuleGlobal[] = [];
  while (reader.at < wasm.length) {
    const section = reader.byte();
    const end = reader.unsigned() + reader.at;
    if (section === GLOBALS) for (let count = reader.unsigned(); count > 0; count -= 1) globals.push(reader.global());
    if (section === EXPORTS) {
      for (let count = reader.unsigned(); count > 0; count -= 1) {
        const name = reader.unsigned(); // not in one step: that would add to where the length began
        reader.at += name;
        const kind = reader.byte();
        const index = reader.unsigned();
        if (kind === GLOBAL_EXPORT && globals[index]) globals[index].exported = true;
      }
    }
    reader.at = end;
  }
  return globals;
}

/**
 * What a snapshot keeps of globals: those exported or mutable. @param mutable the present values of the mutable ones,
 * in order
 */
export function globalValues(globals: ModuleGlobal[], mutable: readonly unknown[]): GlobalValue[] {
  const values = mutable.values();
  return globals.flatMap((global) => {
    const value = global.mutable ? values.next().value : global.value;
    return global.mutable || global.exported ? [{ [global.kind]: value ?? 0 } as unknown as GlobalValue] : [];
  });
}

/** The values of the mutable globals out of a snapshot's; undefined when these are not the module's. */
export function mutableValues(globals: ModuleGlobal[], kept: GlobalValue[]): unknown[] | undefined {
  const expected = globals.filter((global) => global.mutable || global.exported);
  const fits = expected.length === kept.length && expected.every(({ kind }, index) => kind in kept[index]!);
  return fits
    ? expected.flatMap(({ kind, mutable }, index) => (mutable ? [(kept[index] as Record<string, unknown>)[kind]] : []))
    : undefined;
}

class Reader {
  at: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  byte(): number {
    return this.#bytes[this.at++]!;
  }

  unsigned(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  }

  #signed(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return byte & 64 ? value - (1n << (shift + 7n)) : value;
    }
  }

  global(): ModuleGlobal {
    const kind = KINDS[this.byte()] ?? 'i32';
    const mutable = this.byte() === 1;
    return { kind, mutable, exported: false, value: this.#constant() };
  }

  /** A constant expression up to its end; arithmetic and other globals are skipped. */
  #constant(): number | bigint | undefined {
    let value: number | bigint | undefined;
    for (let code = this.byte(); code !== 0x0b; code = this.byte()) {
      const view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset + this.at);
      if (code === 0x41) value = Number(this.#signed());
      else if (code === 0x42) value = this.#signed();
      else if (code === 0x43) [value, this.at] = [view.getFloat32(0, true), this.at + 4];
      else if (code === 0x44) [value, this.at] = [view.getFloat64(0, true), this.at + 8];
      else if (code === 0x23 || code === 0xd2) this.unsigned();
      else if (code === 0xd0) this.byte();
      else if (code === 0xfd) this.at += 17;
    }
    return value;
  }
}
