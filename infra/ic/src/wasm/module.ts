import { createHash } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { gunzipSync } from 'node:zlib';
import { Reject } from '../subnet/reject.js';
import { checkImports } from './imports.js';

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
  /** Whether its addresses have 64 bits (WebAssembly: memory64). */
  readonly wide: boolean;
  /**
   * Whether it drops passive data: the network has that for one message only, so the next message gets a new instance.
   */
  readonly dropsData: boolean;
  readonly size: number;
}

export const COUNTER = 'ic instructions';
export const MEMORY = 'ic memory';
const MAX_UNPACKED = 100 << 20;
/** Ids of sections. */
const MEMORIES = 5;
const CODE = 10;
/** Of a memory's limits: its addresses have 64 bits. */
const WIDE = 4;
const MAX_CODE = 10 << 20;
const MAX_SECTIONS = 16;
const MAX_SECTION_BYTES = 1 << 20;

export function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}

/** @throws Reject `invalidWasm` unless the bytes are Wasm, raw or in gzip */
export function unpacked(uploaded: Uint8Array): Uint8Array {
  const magic = Buffer.from(uploaded.subarray(0, 4)).toString('hex');
  if (magic === '0061736d') return uploaded;
  if (!magic.startsWith('1f8b08')) {
    throw new Reject(
      'invalidWasm',
      "Canister's Wasm module is not valid: it begins neither with the magic bytes of Wasm nor with those of gzip",
    );
  }
  try {
    return gunzipSync(uploaded, { maxOutputLength: MAX_UNPACKED });
  } catch (cause) {
    throw new Reject(
      'invalidWasm',
      `Canister's Wasm module is not valid: it cannot be unpacked (${(cause as Error).message})`,
    );
  }
}

/** Reads what the host needs to know about an instrumented module. */
export function readModule(hash: Uint8Array, instrumented: Uint8Array, size: number): CanisterModule {
  const wide = isWide(instrumented);
  const compiled = compile(instrumented as Uint8Array<ArrayBuffer>, wide);
  const methods = new Map<string, MethodKind>();
  const hooks = new Set<string>();
  const globals: string[] = [];
  for (const { name } of WebAssembly.Module.exports(compiled)) {
    const method = /^canister_(update|query|composite_query) (.*)$/s.exec(name);
    if (method) methods.set(method[2]!, method[1] as MethodKind);
    else if (name.startsWith('canister_')) hooks.add(name);
    else if (name.startsWith('ic global ')) globals.push(name);
  }
  const dropsData = WebAssembly.Module.customSections(compiled, 'ic drops data').length > 0;
  return { hash, compiled, methods, hooks, globals, wide, dropsData, size, metadata: metadataOf(instrumented) };
}

/** V8 has memory64 behind a flag of the process, which is not touched before a module needs it. */
function compile(wasm: Uint8Array<ArrayBuffer>, wide: boolean): WebAssembly.Module {
  if (wide) setFlagsFromString('--experimental-wasm-memory64');
  return new WebAssembly.Module(wasm);
}

/** Whether the addresses of a valid module have 64 bits. */
function isWide(wasm: Uint8Array): boolean {
  for (const { id, content } of sectionsOf(wasm))
    if (id === MEMORIES) return content[0]! > 0 && (content[1]! & WIDE) !== 0;
  return false;
}

function invalid(why: string): Reject {
  return new Reject('invalidWasm', `Canister's Wasm module is not valid: ${why}`);
}

/** What the replica refuses of a module that is otherwise valid. @throws Reject `invalidWasm` */
export function checkSections(wasm: Uint8Array): void {
  checkImports(sectionsOf(wasm), isWide(wasm));
  const names = new Set<string>();
  let bytes = 0;
  for (const { id, length, name } of sectionsOf(wasm)) {
    if (id === CODE && length > MAX_CODE)
      throw invalid(`Wasm module code section size of ${length} exceeds the maximum allowed size of ${MAX_CODE}.`);
    if (!name.startsWith('icp:')) continue;
    const [, section] = /^icp:(?:public|private) (.*)$/s.exec(name) ?? [];
    if (section === undefined) throw invalid(`Wasm module has an invalid custom section. ${unscoped(name)}`);
    if (names.has(section))
      throw invalid(
        `Wasm module has an invalid custom section. Invalid custom section: name ${section} already exists`,
      );
    names.add(section);
    bytes += length;
  }
  if (names.size > MAX_SECTIONS)
    throw invalid(
      `Wasm module has an invalid custom section. Invalid custom sections: defined ${names.size} sections, at ` +
        `most ${MAX_SECTIONS} are allowed`,
    );
  if (bytes > MAX_SECTION_BYTES)
    throw invalid(
      `Wasm module has an invalid custom section. Invalid custom sections: ${bytes} bytes, at most ` +
        `${MAX_SECTION_BYTES} are allowed`,
    );
}

function unscoped(name: string): string {
  if (name === 'icp:public' || name === 'icp:private')
    return "'icp:' section names must have a space after the public/private scope";
  return `Invalid custom section: Custom section '${name}' has no public/private scope defined.`;
}

function metadataOf(wasm: Uint8Array): CanisterModule['metadata'] {
  const found = new Map<string, { public: boolean; content: Uint8Array }>();
  for (const { name, content } of sectionsOf(wasm)) {
    const match = /^icp:(public|private) (.*)$/s.exec(name);
    if (match) found.set(match[2]!, { public: match[1] === 'public', content: content.slice() });
  }
  return found;
}

/** The sections of a valid module; custom ones (id 0) with their names. */
function* sectionsOf(wasm: Uint8Array): Iterable<{ id: number; length: number; name: string; content: Uint8Array }> {
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
    const id = wasm[at++]!;
    const length = leb();
    const end = at + length;
    const nameLength = id === 0 ? leb() : 0;
    const name = new TextDecoder().decode(wasm.subarray(at, at + nameLength));
    yield { id, length, name, content: wasm.subarray(at + nameLength, end) };
    at = end;
  }
}
