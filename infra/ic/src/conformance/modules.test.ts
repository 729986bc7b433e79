import { LittleSubnet, shown } from '../testing/little-subnet.js';
import { scripted, reply, bytes, result, keep, kept, text } from '../testing/script.js';
import { i32, op, wasmModule, type WasmFunction, type WasmParts } from '../testing/wasm-writer.js';

const network = new LittleSubnet();
afterAll(() => network.remove());

const nothing: WasmFunction = { code: [] };
const answer = (wasm: Uint8Array): string => shown(network.install(network.create(), wasm)).slice(0, 8);
const exported = (name: string, signature = ':'): Partial<WasmParts> => ({
  functions: [{ exports: [name], signature, code: signature === ':i' ? i32(0) : [] }],
});
const many = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));
const sections = (
  count: number,
  name = (index: number): string => `icp:public ${index}`,
  size = 1,
): Partial<WasmParts> => ({ custom: many(count, (index) => [name(index), new Uint8Array(size).fill(97)]) });

describe('modules', () => {
  it.each<[string, Partial<WasmParts>]>([
    ['16 sections of metadata', sections(16)],
    ['a section of 1 MiB less its name', sections(1, () => 'icp:public x', (1 << 20) - 20)],
    ['a section with an empty name', sections(1, () => 'icp:public ')],
    ['sections that are not metadata, twice the same', sections(2, () => 'producers')],
    ['1,000 methods', { functions: many(1000, (index) => ({ exports: [`canister_update ${index}`], code: [] })) }],
    ['names of 20,000 bytes in all', exported(`canister_update ${'x'.repeat(19_900)}`)],
    ['1,000 globals', { globals: 1000 }],
    ['50,000 functions', { functions: many(50_000, () => nothing) }],
    ['an import of the System API', { imports: [['time', ':I']] }],
    ['a query without a name', exported('canister_query ')],
    ['a query with spaces in its name', exported('canister_query name with spaces')],
    ['other exports', exported('anything')],
  ])('may have %s', (_, parts) => expect(answer(wasmModule({ functions: [nothing], ...parts }))).toMatch(/^DIDL/));

  it.each<[string, Partial<WasmParts>]>([
    ['17 sections of metadata', sections(17)],
    ['more than 1 MiB of metadata', sections(1, () => 'icp:public x', (1 << 20) + 1)],
    ['metadata that is neither public nor private', sections(1, () => 'icp:x')],
    ['the same public section twice', sections(2, () => 'icp:public test')],
    ['the same private section twice', sections(2, () => 'icp:private test')],
    [
      'a section both public and private',
      {
        custom: [
          ['icp:public test', text1()],
          ['icp:private test', text1()],
        ],
      },
    ],
    [
      'more than 1,000 methods',
      { functions: many(1001, (index) => ({ exports: [`canister_update ${index}`], code: [] })) },
    ],
    ['names of more than 20,000 bytes', exported(`canister_update ${'x'.repeat(20_001)}`)],
    ['more than 1,000 globals', { globals: 1001 }],
    ['more than 50,000 functions', { functions: many(50_001, () => nothing) }],
    ['an unknown import', { imports: [['no_such_function', ':']] }],
    ['an export that begins like ours', exported('canister_')],
    ['an unknown hook', exported('canister_no_such_hook')],
    ...['update', 'query', 'composite_query'].flatMap((kind): [string, Partial<WasmParts>][] => [
      [`an ${kind} with a parameter`, exported(`canister_${kind} x`, 'i:')],
      [`an ${kind} with a result`, exported(`canister_${kind} x`, ':i')],
    ]),
    ...[
      'init',
      'pre_upgrade',
      'post_upgrade',
      'heartbeat',
      'global_timer',
      'inspect_message',
      'on_low_wasm_memory',
    ].flatMap((hook): [string, Partial<WasmParts>][] => [
      [`${hook} with a parameter`, exported(`canister_${hook}`, 'i:')],
      [`${hook} with a result`, exported(`canister_${hook}`, ':i')],
    ]),
    ...[
      ['update', 'query'],
      ['update', 'composite_query'],
      ['query', 'composite_query'],
    ].map(([a, b]): [string, Partial<WasmParts>] => [
      `an ${a} and a ${b} of one name`,
      { functions: [{ exports: [`canister_${a} x`, `canister_${b} x`], code: [] }] },
    ]),
  ])('may not have %s', (_, parts) => expect(answer(wasmModule({ functions: [nothing], ...parts }))).toBe('reject 5'));

  it('may not have metadata with a name that is no text', () => {
    const name = Buffer.concat([Buffer.from('icp:public '), Buffer.from([0xe2, 0x28, 0xa1])]);
    const section = Uint8Array.from([0, name.length + 2, name.length, ...name, 97]);
    expect(answer(Buffer.concat([wasmModule({ functions: [nothing] }), section]))).toBe('reject 5');
  });

  it('run (start) before init, and need none', () => {
    const started = network.deploy(scripted({ 'query read': [reply(kept)] })); // without
    expect(shown(network.query(started.id, 'read'))).toBe('');
    const counting = network.deploy(
      wasmModule({
        imports: [
          ['msg_reply_data_append', 'ii:'],
          ['msg_reply', ':'],
        ],
        memory: 1,
        start: 2,
        functions: [
          { code: [...i32(8), ...i32(4), 0x36, 2, 0] },
          { exports: ['canister_init'], code: [...i32(8), ...i32(8), 0x28, 2, 0, ...i32(1), 0x6a, 0x36, 2, 0] },
          { exports: ['canister_query read'], code: [...i32(8), ...i32(4), ...op.call(0), ...op.call(1)] },
        ],
      }),
    );
    expect(shown(network.query(counting.id, 'read'))).toBe('\x05\0\0\0');
  });

  it('may answer under an empty name, and one with spaces', () => {
    const canister = network.deploy(
      scripted({ 'query ': [reply(text('empty'))], 'query name with spaces': [reply(text('spaces'))] }),
    );
    expect(shown(network.query(canister.id, ''))).toBe('empty');
    expect(shown(network.query(canister.id, 'name with spaces'))).toBe('spaces');
  });

  it('keep nothing of the heap that another one left', () => {
    const canister = network.deploy(scripted({ init: [keep(bytes(result('time')))], 'query read': [reply(kept)] }));
    network.install(canister, scripted({ 'query read': [reply(kept)] }), { upgrade: [] });
    expect(shown(network.query(canister.id, 'read'))).toBe('');
  });
});

function text1(): Uint8Array {
  return Uint8Array.of(97);
}
