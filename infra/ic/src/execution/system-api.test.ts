import { IDL } from '@dfinity/candid';
import { calling as callingIn, IMPORTS, SYSTEM_API, WIDE_IMPORTS } from '../testing/system-api-table.js';
import { address, i64, op, wasmModule, type WasmFunction } from '../testing/wasm-writer.js';
import { canisterId, bytesOf, textOf } from '../subnet/principals.js';
import { Instrumenter } from '../wasm/instrumenter.js';
import { SIGNATURES, signatureOf } from '../wasm/imports.js';
import { readModule } from '../wasm/module.js';
import type { Surroundings } from './access.js';
import { Instance } from './instance.js';
import { newMessage, type Message, type Role } from './message.js';
import { outcallCost } from './outcall-cost.js';
import { StableMemory } from './stable-memory.js';
import { systemApi } from './system-api.js';

const SELF = bytesOf(canisterId(7n));
const HEAP = 65536;
const FAR = HEAP - 4;
const around: Surroundings = {
  self: SELF,
  subnetId: new Uint8Array(29).fill(1),
  rootKey: new Uint8Array(133).fill(2),
  stable: () => stable,
  status: () => 1,
  version: () => 42n,
  isController: (principal) => principal.length === 1 && principal[0] === 4,
  freezingThreshold: () => 3n,
  timer: () => 77n,
  environment: () => [{ name: 'MODE', value: 'local' }],
  maySend: () => true,
};
const stable = new StableMemory();
stable.grow(1);
const instrumenter = new Instrumenter();
const hash = new Uint8Array(32);
const HEX = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const USED = [
  'request_bytes',
  'http_roundtrip_time_ms',
  'raw_response_bytes',
  'transformed_response_bytes',
  'transform_instructions',
];
const OUTCALL = new Uint8Array(
  IDL.encode(
    [IDL.Record(Object.fromEntries(USED.map((name) => [name, IDL.Nat64])))],
    [Object.fromEntries(USED.map((name, at) => [name, BigInt(at)]))],
  ),
);
const contract = (words: string): string => `Canister violated contract: ${words}`;

describe.each([
  ['32', false, IMPORTS],
  ['64', true, WIDE_IMPORTS],
])('System API with addresses of %s bits', (_bits, wide, imports) => {
  /** Runs code with all imports at hand and these bytes in the heap at 0. */
  function run(
    code: number[],
    given: Partial<Message> = {},
    memory: Uint8Array = new Uint8Array(),
    surroundings = around,
  ): { message: Message; said: string; heap: Uint8Array } {
    const functions: WasmFunction[] = [
      { exports: ['canister_update go'], code },
      { signature: wide ? 'I:' : 'i:', code: [] },
    ];
    const wasm = wasmModule({ imports, functions, memory: 1, wide, table: [imports.length + 1], data: [[0, memory]] });
    const instance = new Instance(readModule(hash, instrumenter.rewrite(wasm), 0), (one) =>
      systemApi(one, surroundings),
    );
    const message = newMessage({
      role: 'U',
      time: 5n,
      balance: 1000n,
      instructionLimit: 1_000_000n,
      answerable: true,
      ...given,
    });
    const trap = instance.run(message, 'canister_update go');
    return { message, said: trap?.sentence ?? '', heap: instance.bytes.slice(0, 64) };
  }

  const calling = (name: string, args: readonly (number | bigint)[] = []): number[] => callingIn(name, args, imports);
  /** The cases of functions that there are. */
  const known = <T extends [name: string, ...unknown[]]>(cases: T[]): T[] =>
    cases.filter(([name]) => imports.some(([one]) => one === name));

  /** What a function returns. */
  function result(
    name: string,
    args: readonly (number | bigint)[] = [],
    given: Partial<Message> = {},
    memory?: Uint8Array,
    surroundings?: Surroundings,
  ): bigint {
    const wideResult = imports.find(([one]) => one === name)![1].endsWith(':I');
    const call = calling(name, args).slice(0, -1);
    const { heap, said } = run(
      [...address(32, wide), ...call, wideResult ? 0x37 : 0x36, wideResult ? 3 : 2, 0],
      given,
      memory,
      surroundings,
    );
    expect(said).toBe('');
    const view = new DataView(heap.buffer);
    return wideResult ? view.getBigUint64(32, true) : BigInt(view.getInt32(32, true));
  }

  /** What a function writes to the heap at 32. */
  function written(
    name: string,
    args: readonly (number | bigint)[],
    bytes: number,
    given: Partial<Message> = {},
    memory?: Uint8Array,
  ): string {
    const { heap, said } = run(calling(name, args), given, memory);
    expect(said).toBe('');
    return HEX(heap.subarray(32, 32 + bytes));
  }

  it('has every function of the table, and no others', () => {
    const instance = new Instance(readModule(hash, instrumenter.rewrite(wasmModule({ functions: [] })), 0), () => ({}));
    expect(Object.keys(systemApi(instance, around).ic0!).sort()).toEqual(Object.keys(SYSTEM_API).sort());
    expect(SIGNATURES).toEqual(
      Object.fromEntries(Object.entries(SYSTEM_API).map(([name, [signature]]) => [name, signature])),
    );
    for (const [name] of Object.entries(SYSTEM_API))
      expect(signatureOf(name, wide)).toBe(Object.fromEntries(imports)[name]);
  });

  it.each(
    known<[string, (number | bigint)[], bigint, Partial<Message>?, Uint8Array?]>([
      ['msg_arg_data_size', [], 3n, { arg: bytes('abc') }],
      ['msg_caller_size', [], 1n, { caller: Uint8Array.of(4) }],
      ['msg_caller_info_data_size', [], 2n, { callerInfo: { info: bytes('hi'), signer: SELF } }],
      ['msg_caller_info_data_size', [], 0n],
      ['msg_caller_info_signer_size', [], 10n, { callerInfo: { info: bytes('hi'), signer: SELF } }],
      ['msg_reject_code', [], 5n, { role: 'Rt', rejectCode: 5 }],
      ['msg_reject_code', [], 0n, { role: 'Ry' }],
      ['msg_reject_code', [], 4n, { role: 'C', rejectCode: 4 }],
      ['msg_reject_msg_size', [], 4n, { role: 'Rt', rejectMessage: 'nöö'.slice(0, 2) + 'x' }],
      ['msg_deadline', [], 9n, { deadline: 9n }],
      ['msg_method_name_size', [], 2n, { role: 'F', method: 'go' }],
      ['msg_cycles_available', [], 8n, { available: 8n }],
      ['msg_cycles_accept', [100n], 8n, { available: 8n }],
      ['msg_cycles_accept', [3n], 3n, { available: 8n }],
      ['msg_cycles_refunded', [], 6n, { role: 'Ry', refunded: 6n }],
      ['canister_self_size', [], 10n],
      ['subnet_self_size', [], 29n],
      ['root_key_size', [], 133n],
      ['subnet_self_node_count', [], 1n],
      ['canister_cycle_balance', [], 1000n],
      ['canister_status', [], 1n],
      ['canister_version', [], 42n],
      ['time', [], 5n],
      ['global_timer_set', [1n], 77n],
      ['data_certificate_present', [], 0n],
      ['data_certificate_present', [], 1n, { role: 'NRQ', certificate: () => new Uint8Array(9) }],
      ['data_certificate_size', [], 9n, { role: 'NRQ', certificate: () => new Uint8Array(9) }],
      ['in_replicated_execution', [], 1n],
      ['in_replicated_execution', [], 1n, { role: 'RQ' }],
      ['in_replicated_execution', [], 0n, { role: 'NRQ' }],
      ['in_replicated_execution', [], 0n, { role: 'CC' }],
      ['in_replicated_execution', [], 1n, { role: 'C' }],
      ['in_replicated_execution', [], 0n, { role: 'F' }],
      ['is_controller', [0, 1], 1n, {}, Uint8Array.of(4)],
      ['is_controller', [0, 2], 0n, {}, Uint8Array.of(4, 4)],
      ['env_var_count', [], 1n],
      ['env_var_name_size', [0], 4n],
      ['env_var_name_exists', [0, 4], 1n, {}, bytes('MODE')],
      ['env_var_name_exists', [0, 3], 0n, {}, bytes('MODE')],
      ['env_var_value_size', [0, 4], 5n, {}, bytes('MODE')],
      ['stable64_size', [], 1n],
      ['stable_size', [], 1n],
      ['stable64_grow', [1n << 50n], 0xffff_ffff_ffff_ffffn],
      ['stable_grow', [65536], -1n],
      ['stable_grow', [-1], -1n],
      ['cost_sign_with_ecdsa', [0, 5, 0, 40], 0n, {}, bytes('key_1')],
      ['cost_sign_with_ecdsa', [0, 5, 1, 40], 1n, {}, bytes('key_1')],
      ['cost_sign_with_ecdsa', [0, 4, 0, 40], 2n, {}, bytes('key_1')],
      ['cost_sign_with_schnorr', [0, 5, 1, 40], 0n, {}, bytes('key_1')],
      ['cost_sign_with_schnorr', [0, 5, 2, 40], 1n, {}, bytes('key_1')],
      ['cost_vetkd_derive_key', [0, 5, 0, 40], 0n, {}, bytes('key_1')],
    ]),
  )('%s returns what it should: %#', (name, args, expected, ...more) => {
    expect(result(name, args, ...more)).toBe(expected);
  });

  it.each(
    known<[string, (number | bigint)[], string, Partial<Message>?, Uint8Array?]>([
      ['msg_arg_data_copy', [32, 1, 2], '6263', { arg: bytes('abc') }],
      ['msg_caller_copy', [32, 0, 1], '04', { caller: Uint8Array.of(4) }],
      ['msg_caller_info_data_copy', [32, 1, 1], '69', { callerInfo: { info: bytes('hi'), signer: SELF } }],
      ['msg_caller_info_signer_copy', [32, 0, 10], HEX(SELF), { callerInfo: { info: bytes('hi'), signer: SELF } }],
      ['msg_reject_msg_copy', [32, 0, 2], '6e6f', { role: 'Rt', rejectMessage: 'no' }],
      ['msg_method_name_copy', [32, 0, 2], '676f', { role: 'F', method: 'go' }],
      ['canister_self_copy', [32, 0, 10], HEX(SELF)],
      ['subnet_self_copy', [32, 28, 1], '01'],
      ['root_key_copy', [32, 0, 2], '0202'],
      ['env_var_name_copy', [0, 32, 0, 4], HEX(bytes('MODE'))],
      ['env_var_value_copy', [0, 4, 32, 1, 4], HEX(bytes('ocal')), {}, bytes('MODE')],
      ['data_certificate_copy', [32, 0, 2], '0909', { role: 'CQ', certificate: () => new Uint8Array(9).fill(9) }],
      ['msg_cycles_available128', [32], '08'.padEnd(32, '0'), { available: 8n }],
      ['msg_cycles_accept128', [0n, 9n, 32], '08'.padEnd(32, '0'), { available: 8n }],
      ['msg_cycles_refunded128', [32], '00'.repeat(8) + '01'.padEnd(16, '0'), { role: 'Rt', refunded: 1n << 64n }],
      ['canister_cycle_balance128', [32], 'e803'.padEnd(32, '0')],
      ['canister_liquid_cycle_balance128', [32], 'e503'.padEnd(32, '0')],
      ['cycles_burn128', [1n, 0n, 32], 'e503'.padEnd(32, '0')],
      ['cycles_burn128', [0n, 2n, 32], '02'.padEnd(32, '0')],
      ['stable_read', [32, 0, 2], '0000', {}, Uint8Array.of(1)],
      ['stable64_read', [32n, 65534n, 2n], '0000'],
      ['cost_call', [4n, 6n, 32], Buffer.from(BigUint64Array.of(270_000n, 0n).buffer).toString('hex')],
      ['cost_create_canister', [32], Buffer.from(BigUint64Array.of(500_000_000_000n, 0n).buffer).toString('hex')],
      ['cost_http_request', [0n, 0n, 32], Buffer.from(BigUint64Array.of(49_140_000n, 0n).buffer).toString('hex')],
      [
        'cost_http_request_v2',
        [0, OUTCALL.length, 32],
        Buffer.from(BigUint64Array.of(outcallCost(OUTCALL), 0n).buffer).toString('hex'),
        {},
        OUTCALL,
      ],
    ]),
  )('%s writes what it should: %#', (name, args, expected, ...more) => {
    expect(written(name, args, expected.length / 2, ...more)).toBe(expected);
  });

  const callNew = (): number[] => calling('call_new', [0, 10, 0, 4, 0, 0, 0, 0]);
  const inspect: Partial<Message> = { role: 'F', method: 'go' };
  const rejected: Partial<Message> = { role: 'Rt', rejectMessage: 'no' };
  const certified: Partial<Message> = { role: 'NRQ', certificate: () => new Uint8Array(9) };
  const beyond = (what: string, length = 8): string =>
    contract(`${what}: src=${FAR} + length=${length} exceeds the slice size=${HEAP}`);
  const source = (what: string, size: number): string =>
    contract(`${what}: src=${size} + length=1 exceeds the slice size=${size}`);
  const amount = (name: string): string =>
    contract(
      `${name} failed because dst + size is out of bounds.Found dst = ${FAR} and size = 16 while must be <= ${HEAP}`,
    );
  it.each(
    known<[string, (number | bigint)[], string, Partial<Message>?]>([
      ['msg_arg_data_copy', [FAR, 0, 8], beyond('ic0.msg_arg_data_copy heap')],
      ['msg_arg_data_copy', [0, 3, 1], source('ic0.msg_arg_data_copy payload', 3), { arg: bytes('abc') }],
      [
        'msg_arg_data_copy',
        [-1, 0, 8],
        contract(
          `ic0.msg_arg_data_copy heap: src=${wide ? 18446744073709552000 : 4294967295} + length=8 exceeds the ` +
            `slice size=${HEAP}`,
        ),
      ],
      ['msg_caller_copy', [FAR, 0, 8], beyond('ic0.msg_caller_copy heap')],
      ['msg_caller_copy', [0, 1, 1], source('ic0.msg_caller_copy id', 1), { caller: Uint8Array.of(4) }],
      ['msg_caller_info_data_copy', [FAR, 0, 8], beyond('ic0.msg_caller_info_data_copy heap')],
      ['msg_caller_info_signer_copy', [FAR, 0, 8], beyond('ic0.msg_caller_info_signer_copy heap')],
      ['msg_reject_msg_copy', [FAR, 0, 8], beyond('ic0.msg_reject_msg_copy heap'), rejected],
      ['msg_reject_msg_copy', [0, 2, 1], source('ic0.msg_reject_msg_copy msg', 2), rejected],
      ['msg_method_name_copy', [FAR, 0, 8], beyond('ic0.msg_method_name_copy heap'), inspect],
      ['msg_method_name_copy', [0, 2, 1], source('ic0.msg_method_name_copy payload', 2), inspect],
      ['canister_self_copy', [FAR, 0, 8], beyond('ic0.canister_self_copy heap')],
      ['canister_self_copy', [0, 10, 1], source('ic0.canister_self_copy id', 10)],
      ['subnet_self_copy', [FAR, 0, 8], beyond('ic0.subnet_self_copy heap')],
      ['subnet_self_copy', [0, 29, 1], source('ic0.subnet_self_copy id', 29)],
      ['root_key_copy', [FAR, 0, 8], beyond('ic0.root_key_copy heap')],
      ['root_key_copy', [0, 133, 1], source('ic0.root_key_copy bytes', 133)],
      ['msg_reply_data_append', [FAR, 8], beyond('msg.reply')],
      ['msg_reject', [FAR, 8], beyond('ic0.msg_reject')],
      ['call_new', [FAR, 8, 0, 0, 0, 0, 0, 0], beyond('ic0.call_new callee_src')],
      ['call_new', [0, 0, FAR, 8, 0, 0, 0, 0], beyond('ic0.call_new method_name')],
      ['is_controller', [FAR, 8], beyond('ic0.is_controller')],
      ['is_controller', [0, 30], 'Canister provided invalid principal id'],
      ['call_new', [0, 30, 0, 0, 0, 0, 0, 0], 'Canister provided invalid principal id'],
      [
        'call_new',
        [0, 10, 0, 20_001, 0, 0, 0, 0],
        contract('Size of method_name 20001 exceeds the allowed limit of 20000.'),
      ],
      ['env_var_name_copy', [0, FAR, 0, 8], beyond('ic0.env_var_name_copy heap')],
      ['env_var_name_copy', [0, 0, 4, 1], source('ic0.env_var_name_copy name', 4)],
      [
        'env_var_name_size',
        [1],
        'Environment variable index 1 is out of bounds. The number of environment variables is 1.',
      ],
      ['env_var_name_exists', [FAR, 8], beyond('ic0.env_var_name_exists heap')],
      ['env_var_name_exists', [0, 129], contract('ic0.env_var_name_exists: Variable name is too large.')],
      ['env_var_value_size', [0, 0], 'Environment variable  not found.'],
      ['env_var_value_copy', [FAR, 8, 0, 0, 0], beyond('ic0.env_var_value_copy name')],
      ['data_certificate_copy', [FAR, 0, 8], beyond('ic0.data_certificate_copy heap'), certified],
      ['data_certificate_copy', [0, 9, 1], source('ic0.data_certificate_copy certificate', 9), certified],
      [
        'data_certificate_size',
        [],
        contract('"ic0_data_certificate_size" cannot be executed in non replicated query mode'),
        { role: 'NRQ' },
      ],
      [
        'certified_data_set',
        [FAR, 8],
        contract(
          `ic0_certified_data_set failed because src + size is out of bounds. Found src = ${FAR} and size = 8 ` +
            `while src + size must be <= ${HEAP}`,
        ),
      ],
      [
        'certified_data_set',
        [0, 33],
        contract(
          'ic0_certified_data_set failed because the passed data must be no larger than 32 bytes. Found 33 bytes.',
        ),
      ],
      ...[
        'msg_cycles_available128',
        'canister_cycle_balance128',
        'canister_liquid_cycle_balance128',
        'cost_create_canister',
      ].map((name): [string, number[], string] => [name, [FAR], amount(`ic0_${name}`)]),
      ['msg_cycles_refunded128', [FAR], amount('ic0_msg_cycles_refunded128'), { role: 'Ry' }],
      ...['msg_cycles_accept128', 'cycles_burn128', 'cost_call', 'cost_http_request'].map(
        (name): [string, (number | bigint)[], string] => [name, [0n, 0n, FAR], amount(`ic0_${name}`)],
      ),
      ...['cost_sign_with_ecdsa', 'cost_sign_with_schnorr', 'cost_vetkd_derive_key'].map(
        (name): [string, number[], string] => [name, [FAR, 8, 0, 0], beyond(`ic0.${name} heap`)],
      ),
      ['cost_http_request_v2', [FAR, 8, 0], beyond('ic0.cost_http_request_v2 heap')],
      ['stable_read', [FAR, 0, 8], 'Canister trapped: heap out of bounds'],
      ['stable_write', [0, FAR, 8], 'Canister trapped: heap out of bounds'],
      ['stable64_read', [BigInt(FAR), 0n, 8n], 'Canister trapped: heap out of bounds'],
      ['stable64_write', [0n, -1n, 8n], 'Canister trapped: stable memory out of bounds'],
      ['stable_read', [0, 65536, 1], 'Canister trapped: stable memory out of bounds'],
      ['stable64_write', [65530n, 0n, 7n], 'Canister trapped: stable memory out of bounds'],
      ['performance_counter', [2], contract('Error getting performance counter type 2')],
      [
        'msg_cycles_available',
        [],
        'Canister trapped: cycles amount exceeds 64-bit representation',
        { available: 1n << 64n },
      ],
      [
        'canister_cycle_balance',
        [],
        'Canister trapped: cycles amount exceeds 64-bit representation',
        { balance: 1n << 64n },
      ],
      ...[
        'ic0.call_on_cleanup',
        'ic0.call_data_append',
        'ic0.call_with_best_effort_response',
        'ic0.call_perform',
        'ic0_call_cycles_add',
        'ic0_call_cycles_add128',
      ].map((name): [string, number[], string] => [
        name.slice(4),
        [],
        contract(`${name} called when no call is under construction.`),
      ]),
      [
        'mint_cycles128',
        [0n, 1n, 0],
        contract(
          `ic0.mint_cycles128 cannot be executed on non Cycles Minting Canister: ${textOf(canisterId(7n))} != ` +
            'rkp4c-7iaaa-aaaaa-aaaca-cai',
        ),
      ],
      ['trap', [FAR, 8], "Canister called `ic0.trap` with message: '(trap message out of memory bounds)'"],
      ...(['msg_reply', 'msg_reject'] as const).map((name): [string, number[], string, Partial<Message>] => [
        name,
        [],
        contract(`ic0.${name}: the call is already replied`),
        { answerable: false },
      ]),
      [
        'msg_reply_data_append',
        [],
        contract('ic0.msg_reply_data_append: the call is already replied.'),
        { answerable: false },
      ],
    ]),
  )('%s traps in the words of the replica: %#', (name, args, words, ...given) => {
    expect(run(calling(name, args), ...given).said).toBe(words);
  });

  it.each<[string, number[], string, Partial<Message>?, Uint8Array?]>([
    [
      'accepting twice',
      [...calling('accept_message'), ...calling('accept_message')],
      contract('ic0.accept_message: the function was already called.'),
      { role: 'F' },
    ],
    [
      'replying twice',
      [...calling('msg_reply'), ...calling('msg_reply')],
      contract('ic0.msg_reply: the call is already replied'),
    ],
    [
      'rejecting after a reply',
      [...calling('msg_reply'), ...calling('msg_reject')],
      contract('ic0.msg_reject: the call is already replied'),
    ],
    [
      'rejecting with what is no UTF-8',
      calling('msg_reject', [0, 1]),
      contract('ic0.msg_reject: invalid UTF-8 string provided'),
      {},
      Uint8Array.of(0xff),
    ],
    [
      'a variable whose name is no UTF-8',
      calling('env_var_name_exists', [0, 1]),
      contract('ic0.env_var_name_exists: Variable name is not a valid UTF-8 string.'),
      {},
      Uint8Array.of(0xff),
    ],
    [
      'two cleanups',
      [...callNew(), ...calling('call_on_cleanup'), ...calling('call_on_cleanup')],
      contract('ic0.call_on_cleanup can be called at most once between `ic0.call_new` and `ic0.call_perform`'),
    ],
    [
      'two timeouts',
      [
        ...callNew(),
        ...calling('call_with_best_effort_response', [1]),
        ...calling('call_with_best_effort_response', [1]),
      ],
      contract('ic0_call_with_best_effort_response failed because a timeout is already set.'),
    ],
    [
      'performing twice',
      [...callNew(), ...calling('call_perform'), ...calling('call_perform')],
      contract('ic0.call_perform called when no call is under construction.'),
    ],
    ['data beyond the heap', [...callNew(), ...calling('call_data_append', [FAR, 8])], beyond('ic0.call_data_append')],
  ])('traps at %s', (_, code, words, ...[given, memory]) => {
    expect(run(code, { balance: 10_000_000n, ...given }, memory).said).toBe(words);
  });

  if (!wide)
    it('of 32 bits refuses a stable memory above 4 GiB', () => {
      const large = new StableMemory();
      large.grow(65537);
      expect(run(calling('stable_size'), {}, undefined, { ...around, stable: () => large }).said).toBe(
        'Canister trapped: 32 bit stable memory api used on a memory larger than 4GB',
      );
      expect(result('stable64_size', [], {}, undefined, { ...around, stable: () => large })).toBe(65537n);
    });

  it('mints cycles for the cycles minting canister alone', () => {
    const minter = { ...around, self: bytesOf(canisterId(4n)) };
    expect(run(calling('mint_cycles128', [1n, 5n, 32]), {}, undefined, minter).message.balance).toBe(
      (1n << 64n) + 1005n,
    );
  });

  it('never fails to print, and prints 32 KiB at most', () => {
    expect(run(calling('debug_print', [FAR, 8])).message.log).toEqual(['(debug_print message out of memory bounds)']);
    expect(run(calling('debug_print', [0, 40_000])).message.log[0]).toHaveLength(32 << 10);
  });

  it('gives back the cycles of a call that another one replaces', () => {
    const code = [...callNew(), ...calling('call_cycles_add128', [0n, 400n]), ...callNew()];
    expect(run(code).message).toMatchObject({ balance: 1000n, calls: [] });
  });

  it('sends what was built: callee, method, argument, cycles, callbacks, deadline', () => {
    const code = [
      ...calling('call_new', [0, 10, 10, 2, 0, 5, 0, 6]),
      ...calling('call_on_cleanup', [0, 7]),
      ...calling('call_data_append', [10, 2]),
      ...calling('call_data_append', [0, 1]),
      ...calling('call_cycles_add128', [0n, 300n]),
      ...calling('call_with_best_effort_response', [1000]),
      ...calling('call_perform'),
    ];
    const { message } = run(code, { balance: 1_000_000n }, Buffer.concat([SELF, bytes('go')]));
    expect(message.calls).toEqual([
      {
        callee: SELF,
        method: 'go',
        arg: new Uint8Array(Buffer.concat([bytes('go'), SELF.subarray(0, 1)])),
        cycles: 300n,
        fee: 265_000n,
        onReply: { fun: 0, env: 5n },
        onReject: { fun: 0, env: 6n },
        onCleanup: { fun: 0, env: 7n },
        deadline: 300_000_000_005n,
      },
    ]);
    expect(message.balance).toBe(1_000_000n - 300n - 265_000n);
  });

  it('does not send what would freeze the sender', () => {
    expect(run([...callNew(), ...calling('call_perform')], { balance: 1000n }).message.calls).toEqual([]);
    const { said } = run([...callNew(), ...calling('call_cycles_add128', [0n, 998n])]);
    expect(said).toMatch(/out of cycles/);
  });

  it.each<[Role, number]>([
    ['U', 2 << 20],
    ['RQ', 2 << 20],
    ['Ry', 2 << 20],
    ['NRQ', 3 << 20],
    ['CQ', 3 << 20],
    ['CRy', 3 << 20],
  ])('takes replies in %s up to %i bytes', (role, most) => {
    const halves = [...calling('msg_reply_data_append', [0, HEAP])];
    const full = Array.from({ length: most / HEAP }, () => halves).flat();
    const limit = 10_000_000n;
    expect(run(full, { role, instructionLimit: limit }).said).toBe('');
    expect(run([...full, ...calling('msg_reply_data_append', [0, 1])], { role, instructionLimit: limit }).said).toBe(
      contract(`ic0.msg_reply_data_append: application payload size (${most + 1}) cannot be larger than ${most}.`),
    );
  });

  it('takes arguments of calls up to 10 MiB with the method name', () => {
    const full = [
      ...callNew(),
      ...Array.from({ length: 159 }, () => calling('call_data_append', [0, HEAP])).flat(),
      ...calling('call_data_append', [0, HEAP - 4]),
    ];
    const given = { instructionLimit: 20_000_000n, balance: 10n ** 12n };
    expect(run([...full, ...calling('call_perform')], given).message.calls).toHaveLength(1);
    expect(run([...full, ...calling('call_data_append', [0, 1])], given).said).toMatch(
      new RegExp(
        '^Canister violated contract: Request to .* has a payload size of 10485761, ' +
          'which exceeds the allowed limit of 10485760\\.$',
        's',
      ),
    );
  });

  it('counts instructions of the message, and of the whole call', () => {
    const counter = (type: number): bigint =>
      result('performance_counter', [type], { contextInstructions: 1_000_000n });
    expect(counter(0)).toBeGreaterThan(200n);
    expect(counter(1) - counter(0)).toBe(1_000_000n);
  });

  it('cuts off a message that spends its instructions in the System API', () => {
    const { said } = run([0x03, 0x40, ...i64(0n), op.drop, ...calling('time'), 0x0c, 0, 0x0b], {
      instructionLimit: 100_000n,
    });
    expect(said).toBe('Canister exceeded the limit of 100000 instructions for single message execution.');
  });

  it('hands on what callbacks are called with, all its bits', () => {
    const { message } = run(
      [
        ...calling('call_new', [0, 10, 0, 0, 0, -1, 0, wide ? 1n << 40n : 3]),
        ...calling('call_on_cleanup', [0, -2]),
        ...calling('call_perform'),
      ],
      { balance: 10n ** 12n },
      SELF,
    );
    const all = wide ? 0xffff_ffff_ffff_ffffn : 0xffff_ffffn;
    expect(message.calls[0]).toMatchObject({
      onReply: { env: all },
      onReject: { env: wide ? 1n << 40n : 3n },
      onCleanup: { env: all - 1n },
    });
  });
});
