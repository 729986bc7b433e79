import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { Reject } from '../subnet/reject.js';

export type MethodKind = 'update' | 'query' | 'composite_query';

/** A canister module that can be instantiated. */
export interface CanisterModule {
  /** SHA-256 of the module as it was uploaded. */
  readonly hash: Uint8Array;
  readonly compiled: WebAssembly.Module;
  readonly methods: ReadonlyMap<string, MethodKind>;
  readonly hooks: ReadonlySet<string>;
  /** Custom sections `icp:public <name>` and `icp:private <name>`. */
  readonly metadata: ReadonlyMap<string, { public: boolean; content: Uint8Array }>;
  /** Names of the exported mutable globals, the instruction counter left out. */
  readonly globals: readonly string[];
  readonly size: number;
}

export const COUNTER = 'ic instructions';
export const MEMORY = 'ic memory';
const MAX_UNPACKED = 100 << 20;

export function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}

/** @throws Reject `invalidWasm` unless the bytes are Wasm, raw or in gzip */
export function unpacked(uploaded: Uint8Array): Uint8Array {
  const magic = Buffer.from(uploaded.subarray(0, 4)).toString('hex');
  if (magic === '0061736d') return uploaded;
  if (!magic.startsWith('1f8b08')) {
    throw new Reject('invalidWasm', "Canister's Wasm module is not valid: it begins neither with the magic bytes of Wasm nor with those of gzip");
  }
  try {
    return gunzipSync(uploaded, { maxOutputLength: MAX_UNPACKED });
  } catch (cause) {
    throw new Reject('invalidWasm', `Canister's Wasm module is not valid: it cannot be unpacked (${(cause as Error).message})`);
  }
}

/** Reads what the host needs to know about an instrumented module. */
export function readModule(hash: Uint8Array, instrumented: Uint8Array, size: number): CanisterModule {
  const compiled = new WebAssembly.Module(instrumented as Uint8Array<ArrayBuffer>);
  const methods = new Map<string, MethodKind>();
  const hooks = new Set<string>();
  const globals: string[] = [];
  for (const { name } of WebAssembly.Module.exports(compiled)) {
    const method = /^canister_(update|query|composite_query) (.*)$/s.exec(name);
    if (method) methods.set(method[2]!, method[1] as MethodKind);
    else if (name.startsWith('canister_')) hooks.add(name);
    else if (name.startsWith('ic global ')) globals.push(name);
  }
  return { hash, compiled, methods, hooks, globals, size, metadata: metadataOf(instrumented) };
}

function metadataOf(wasm: Uint8Array): CanisterModule['metadata'] {
  const found = new Map<string, { public: boolean; content: Uint8Array }>();
  let at = 8;
  const leb = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = wasm[at++]!;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  while (at < wasm.length) {
    const id = wasm[at++];
    const length = leb();
    const end = at + length;
    if (id === 0) {
      const nameLength = leb();
      const name = new TextDecoder().decode(wasm.subarray(at, at + nameLength));
      const content = wasm.slice(at + nameLength, end);
      const match = /^icp:(public|private) (.*)$/s.exec(name);
      if (match) found.set(match[2]!, { public: match[1] === 'public', content });
    }
    at = end;
  }
  return found;
}
