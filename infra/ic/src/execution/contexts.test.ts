import { CALLER, LittleSubnet } from '../testing/little-subnet.js';
import { IMPORTS, importIndex, SYSTEM_API } from '../testing/system-api-table.js';
import { callWith, i32, i64, op, wasmModule, type WasmFunction } from '../testing/wasm-writer.js';
import type { Canister } from '../subnet/canister.js';
import { startOutcall } from '../subnet/outcalls.js';
import { inspectIngress } from '../subnet/queries.js';
import { bytesOf, canisterId } from '../subnet/principals.js';
import type { Response } from '../subnet/subnet.js';
import type { Role } from './message.js';

/*
 * Every import in every context, on a subnet that executes real messages. One module has them all; the first two bytes
 * of its stable memory say in which context it calls which import. (On installation there is no stable memory yet:
 * there the argument says it.)
 */

const PEER = canisterId(0x0200_0000n);
const CONTEXTS: [context: string, role: Role, words: string][] = [
  ['(start)', 's', 'start'],
  ['canister_init', 'I', 'init'],
  ['canister_pre_upgrade', 'G', 'pre upgrade'],
  ['canister_post_upgrade', 'I', 'init'],
  ['an update', 'U', 'update'],
  ['a replicated query', 'RQ', 'replicated query'],
  ['a query', 'NRQ', 'non replicated query'],
  ['a composite query', 'CQ', 'composite query'],
  ['a reply callback', 'Ry', 'reply callback'],
  ['a reject callback', 'Rt', 'reject callback'],
  ['a composite reply callback', 'CRy', 'composite reply callback'],
  ['a composite reject callback', 'CRt', 'composite reject callback'],
  ['a cleanup', 'C', 'cleanup'],
  ['a composite cleanup', 'CC', 'composite cleanup'],
  ['canister_inspect_message', 'F', 'inspect message'],
  ['canister_heartbeat', 'T', 'heartbeat'],
  ['canister_global_timer', 'T', 'global timer'],
  ['canister_on_low_wasm_memory', 'T', 'on low Wasm memory'],
  ['an HTTP transform', 'TQ', 'non replicated query'],
];
/** Where in the module an import is called. */
const [
  START,
  INIT,
  PRE,
  POST,
  UPDATE,
  QUERY,
  COMPOSITE,
  REPLY,
  REJECT,
  CLEANUP,
  INSPECT,
  HEARTBEAT,
  TIMER,
  LOW_MEMORY,
] = Array.from({ length: 14 }, (_, index) => index) as [
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
];
const [PEER_AT, ANSWER_AT, NOTHING_AT] = [16, 64, 96] as const;

function moduleWithAll(): Uint8Array {
  const ic0 = importIndex;
  const base = IMPORTS.length;
  const acts = IMPORTS.map(([, signature], index): WasmFunction => ({ code: callWith(index, signature, []) }));
  const pick = base + acts.length;
  const onReply = pick + 1;
  const onReject = pick + 2;
  const onCleanup = pick + 3;
  const chosen = [...i32(1), 0x2d, 0, 0, 0x11, 0, 0]; // i32.load8_u at 1, call_indirect
  const unlessChosenHere = (context: number[]): number[] => [
    ...i32(0),
    0x2d,
    0,
    0,
    ...context,
    0x47,
    0x04,
    0x40,
    0x0f,
    0x0b,
  ];
  const at = (context: number): number[] => [...i32(context), ...op.call(pick)];
  const callPeer = (method: number): number[] => [
    ...i32(PEER_AT),
    ...i32(10),
    ...i32(method),
    ...i32(6),
    ...i32(acts.length),
    ...i32(0),
    ...i32(acts.length + 1),
    ...i32(0),
    ...op.call(ic0('call_new')),
    ...i32(acts.length + 2),
    ...i32(0),
    ...op.call(ic0('call_on_cleanup')),
    ...op.call(ic0('call_perform')),
    op.drop,
  ];
  const functions: WasmFunction[] = [
    ...acts,
    {
      // pick(context)
      signature: 'i:',
      code: [
        ...op.call(ic0('stable64_size')),
        0x50,
        0x04,
        0x40,
        0x0f,
        0x0b,
        ...i64(0n),
        ...i64(0n),
        ...i64(2n),
        ...op.call(ic0('stable64_read')),
        ...unlessChosenHere(op.localGet(0)),
        ...chosen,
      ],
    },
    {
      signature: 'i:',
      code: [...at(REPLY), ...i32(0), 0x2d, 0, 0, ...i32(CLEANUP), 0x46, 0x04, 0x40, op.unreachable, 0x0b],
    },
    { signature: 'i:', code: at(REJECT) },
    { signature: 'i:', code: at(CLEANUP) },
    { code: at(START) },
    {
      exports: ['canister_init'],
      code: [
        ...op.call(ic0('msg_arg_data_size')),
        0x45,
        0x04,
        0x40,
        0x0f,
        0x0b,
        ...i32(0),
        ...i32(0),
        ...i32(2),
        ...op.call(ic0('msg_arg_data_copy')),
        ...unlessChosenHere(i32(INIT)),
        ...chosen,
      ],
    },
    { exports: ['canister_pre_upgrade'], code: at(PRE) },
    { exports: ['canister_post_upgrade'], code: at(POST) },
    { exports: ['canister_update update'], code: at(UPDATE) },
    { exports: ['canister_query query'], code: at(QUERY) },
    { exports: ['canister_composite_query composite'], code: at(COMPOSITE) },
    { exports: ['canister_update ask', 'canister_composite_query ask_composite'], code: callPeer(ANSWER_AT) },
    {
      exports: ['canister_update ask_nothing', 'canister_composite_query ask_nothing_composite'],
      code: callPeer(NOTHING_AT),
    },
    { exports: ['canister_query answer'], code: op.call(ic0('msg_reply')) },
    { exports: ['canister_inspect_message'], code: at(INSPECT) },
    { exports: ['canister_heartbeat'], code: at(HEARTBEAT) },
    { exports: ['canister_global_timer'], code: at(TIMER) },
    { exports: ['canister_on_low_wasm_memory'], code: at(LOW_MEMORY) },
  ];
  return wasmModule({
    imports: IMPORTS,
    functions,
    memory: 1,
    start: pick + 4,
    table: [...acts.map((_, index) => base + index), onReply, onReject, onCleanup],
    data: [
      [PEER_AT, bytesOf(PEER)],
      [ANSWER_AT, Buffer.from('answer')],
      [NOTHING_AT, Buffer.from('nobody')],
    ],
  });
}

describe('System API in its contexts', () => {
  const network = new LittleSubnet();
  const wasm = moduleWithAll();
  let canister: Canister;

  beforeAll(() => {
    network.install(network.create(undefined, PEER), wasm);
    canister = network.deploy(wasm);
  });
  afterAll(() => network.remove());

  const arm = (context: number, index: number): void =>
    network.round({
      edits: [{ kind: 'setStableMemory', canister: canister.id, content: Uint8Array.of(context, index) }],
    });
  const words = (response: Response): string => (response.kind === 'reject' ? response.rejection.message : '');
  const upgrade = (): string => words(network.install(canister, wasm, { upgrade: [] }));
  const armed =
    (context: number, run: () => string) =>
    (index: number): string => {
      arm(context, index);
      const said = run();
      arm(255, 0);
      return said;
    };
  const task = (context: number, wake: () => void) =>
    armed(context, () => {
      network.log.length = 0;
      wake();
      network.round();
      return network.log.join('\n');
    });
  const call = (method: string) => (): string => words(network.call(canister.id, method));
  const query = (method: string) => (): string => words(network.query(canister.id, method));

  const run: Record<string, (index: number) => string> = {
    '(start)': armed(START, upgrade),
    canister_init: (index) => {
      const fresh = network.create();
      return words(network.install(fresh, wasm, { install: null }, Uint8Array.of(INIT, index)));
    },
    canister_pre_upgrade: armed(PRE, upgrade),
    canister_post_upgrade: armed(POST, upgrade),
    'an update': armed(UPDATE, call('update')),
    'a replicated query': armed(QUERY, call('query')),
    'a query': armed(QUERY, query('query')),
    'a composite query': armed(COMPOSITE, query('composite')),
    'a reply callback': armed(REPLY, call('ask')),
    'a reject callback': armed(REJECT, call('ask_nothing')),
    'a composite reply callback': armed(REPLY, query('ask_composite')),
    'a composite reject callback': armed(REJECT, query('ask_nothing_composite')),
    'a cleanup': armed(CLEANUP, call('ask')),
    'a composite cleanup': armed(CLEANUP, query('ask_composite')),
    canister_inspect_message: armed(INSPECT, () => {
      const ingress = {
        requestId: '',
        sender: CALLER.toUint8Array(),
        to: canister.id,
        effective: canister.id,
        method: 'update',
        arg: new Uint8Array(),
        expiry: 0n,
      };
      try {
        inspectIngress(network.subnet, network.subnet.state.time, ingress);
        return '';
      } catch (thrown) {
        return (thrown as Error).message;
      }
    }),
    canister_heartbeat: task(HEARTBEAT, () => {}),
    canister_global_timer: task(TIMER, () => {
      canister.state.timer = 1n;
    }),
    canister_on_low_wasm_memory: task(LOW_MEMORY, () => {
      canister.state.lowMemory = 'ready';
    }),
    'an HTTP transform': armed(QUERY, () => {
      const { state } = network.subnet;
      const requestId = `transform ${state.round}`;
      state.ingress.set(requestId, {
        state: { status: 'processing' },
        sender: '04',
        effective: canister.id,
        expiry: state.time,
        finishedAt: 0n,
      });
      startOutcall(network.subnet, {
        origin: { kind: 'ingress', requestId },
        canister: canister.id,
        url: '',
        method: 'GET',
        headers: [],
        maxResponseBytes: 1000,
        replicated: true,
        transform: { method: 'query', context: new Uint8Array() },
        refund: 0n,
      });
      network.round({
        outcalls: [{ id: state.nextOutcall! - 1, outcome: { status: 200, headers: [], body: new Uint8Array() } }],
      });
      const answered = state.ingress.get(requestId)!.state;
      return answered.status === 'rejected' ? answered.rejection.message : '';
    }),
  };

  it.each(CONTEXTS)('%s may call what the specification allows it, and nothing else', (context, role, where) => {
    const refused = IMPORTS.filter(([name], index) =>
      run[context]!(index).includes(`Canister violated contract: "ic0_${name}" cannot be executed in ${where} mode`),
    ).map(([name]) => name);
    expect(refused).toEqual(
      IMPORTS.map(([name]) => name).filter((name) => !SYSTEM_API[name]![1].split(' ').includes(role)),
    );
  });

  it.each(CONTEXTS)('%s does call what it is told to', (context) => {
    expect(run[context]!(importIndex('trap'))).toContain(
      ['canister_heartbeat', 'canister_global_timer', 'canister_on_low_wasm_memory'].includes(context)
        ? '[TRAP] in canister_'
        : "Canister called `ic0.trap` with message: ''",
    );
  });
});
