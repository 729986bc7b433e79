import { IDL } from '@dfinity/candid';
import { encode } from 'cborg';
import { hashTree, labelled, leaf, readHashTree } from '../certificates/index.js';
import { decodeStrictly } from '../envelopes/cbor.js';
import { EnvelopeError, decodeEnvelope, representationIndependentHash, verifyEnvelope } from '../envelopes/index.js';
import { METHODS, type MethodName } from '../management/candid.js';
import { manageQuery } from '../management/manage.js';
import { idOf, MANAGEMENT, principalOf } from '../subnet/principals.js';
import { Reject } from '../subnet/reject.js';
import type { Response as Answer } from '../subnet/subnet.js';
import { campaign, mutated, pick, type Random } from '../testing/fuzz.js';
import { CALLER, LittleSubnet } from '../testing/little-subnet.js';
import { TestNetwork } from '../testing/network.js';
import { contentOf, delegate, envelopeOf, inMinutes, newSender, readingOf } from '../testing/sender.js';
import { calling as ic0, IMPORTS, WIDE_IMPORTS } from '../testing/system-api-table.js';
import { i32, i64, op, wasmModule } from '../testing/wasm-writer.js';

/* Inputs made by mutating valid ones. Longer: LIVEPOD_IC_FUZZ_SECONDS=60, for each of them. */

const alice = newSender();
const session = newSender();
const canister = new Uint8Array(10).fill(1);
const rootKey = new Uint8Array(133);
const EXAMPLE = {
  a: [1, -5, 2 ** 40, 'text', Uint8Array.of(1, 2, 3), { deep: [[[[]]]], map: { x: 1 } }],
  b: true,
  c: null,
};

/** The host itself has not failed: a refusal has a code of its own. */
function sound(answer: Answer): void {
  if (answer.kind === 'reject' && answer.rejection.errorCode === 'IC0521') throw new Error(answer.rejection.message);
}

describe('fuzzed', () => {
  it('CBOR is decoded, or refused with an error', async () => {
    const tried = await campaign('CBOR', (random) => {
      let value: unknown;
      try {
        value = decodeStrictly(mutated(random, encode(EXAMPLE)));
      } catch (thrown) {
        if (thrown instanceof RangeError && /heap|memory|Invalid (typed )?array/.test(thrown.message)) throw thrown;
        return;
      }
      const again = encode(value);
      expect(Buffer.compare(encode(decodeStrictly(again)), again)).toBe(0);
    });
    expect(tried).toBeGreaterThan(100);
  });

  it('envelopes are the signed ones, or refused as what they are', async () => {
    const direct = envelopeOf(alice, contentOf(alice, canister));
    const delegated = envelopeOf(alice, contentOf(alice, canister), session, [
      delegate(alice, session, { targets: [canister] }),
    ]);
    const ids = [direct, delegated].map((body) => idOf(verify(body)));
    const tried = await campaign('envelopes', (random) => {
      let accepted: Uint8Array;
      try {
        accepted = verify(mutated(random, pick(random, [direct, delegated])));
      } catch (thrown) {
        if (!(thrown instanceof EnvelopeError)) throw thrown;
        return;
      }
      expect(ids).toContain(idOf(accepted));
    });
    expect(tried).toBeGreaterThan(100);
  });

  function verify(body: Uint8Array): Uint8Array {
    return verifyEnvelope(decodeEnvelope(body), { now: inMinutes(0), rootKey, expectedType: 'call' }).requestId;
  }

  it('hash trees are the hashed ones, or show it', async () => {
    const tree = hashTree(
      labelled([
        [
          'canister',
          labelled([
            [
              Uint8Array.of(1),
              labelled([
                ['certified_data', leaf(Uint8Array.of(7, 7))],
                ['controllers', leaf(Uint8Array.of())],
              ]),
            ],
            [Uint8Array.of(2), leaf(Uint8Array.of(9))],
          ]),
        ],
        ['time', leaf(Uint8Array.of(1, 2, 3))],
        ['zero', labelled([])],
      ]),
    );
    const paths = [
      ['time'],
      ['canister', Uint8Array.of(1), 'certified_data'],
      ['canister', Uint8Array.of(3)],
      ['zero', 'x'],
      ['nothing'],
    ];
    const bytes = (path: (string | Uint8Array)[]): Uint8Array[] =>
      path.map((label) => (typeof label === 'string' ? Buffer.from(label) : label));
    const truth = readHashTree(decodeStrictly(encode(tree.witness([[]]))));
    const tried = await campaign('hash trees', (random) => {
      const witness = encode(tree.witness(paths.filter(() => random(2) === 0).map(bytes)));
      let read;
      try {
        read = readHashTree(decodeStrictly(mutated(random, witness)));
      } catch {
        return;
      }
      if (Buffer.compare(read.digest, truth.digest) !== 0) return;
      for (const path of paths) {
        const found = read.lookup(path);
        if (found !== 'unknown') expect(found).toEqual(truth.lookup(path));
      }
    });
    expect(tried).toBeGreaterThan(100);
  });

  describe('on a subnet', () => {
    const network = new LittleSubnet({ update: 200_000n, query: 200_000n, install: 200_000n, inspect: 200_000n });
    afterAll(() => network.remove());

    const target = network.create();
    const settings = {
      controllers: [[CALLER]],
      compute_allocation: [],
      memory_allocation: [0n],
      freezing_threshold: [1n],
      reserved_cycles_limit: [],
      wasm_memory_limit: [5n],
      wasm_memory_threshold: [],
      minimum_incoming_canister_call_cycles: [],
      log_memory_limit: [],
      environment_variables: [[{ name: 'A', value: 'b' }]],
      log_visibility: [{ public: null }],
      snapshot_visibility: [],
      status_visibility: [],
    };
    const canister_id = principalOf(target.id);
    const calls: [MethodName, object][] = [
      ['update_settings', { canister_id, settings, sender_canister_version: [] }],
      ['canister_status', { canister_id }],
      ['upload_chunk', { canister_id, chunk: new Uint8Array(20) }],
      [
        'provisional_create_canister_with_cycles',
        { amount: [5n], settings: [settings], specified_id: [], sender_canister_version: [] },
      ],
      [
        'install_code',
        {
          mode: { upgrade: [{ skip_pre_upgrade: [true], wasm_memory_persistence: [{ keep: null }] }] },
          canister_id,
          wasm_module: new Uint8Array(8),
          arg: new Uint8Array(3),
          sender_canister_version: [],
        },
      ],
      [
        'take_canister_snapshot',
        { canister_id, replace_snapshot: [], uninstall_code: [], sender_canister_version: [] },
      ],
      ['stop_canister', { canister_id }],
      ['start_canister', { canister_id }],
    ];
    const arguments_ = calls.map(([method, argument]): [MethodName, Uint8Array] => [
      method,
      new Uint8Array(IDL.encode(METHODS[method][0] as IDL.Type[], [argument])),
    ]);

    it('Candid is understood by the management canister, or refused', async () => {
      const tried = await campaign('Candid', (random) => {
        const [method, argument] = pick(random, arguments_);
        const sent = mutated(random, argument);
        sound(network.call(MANAGEMENT, method, sent));
        try {
          manageQuery(network.subnet, idOf(CALLER.toUint8Array()), 'canister_status', sent);
        } catch (thrown) {
          if (!(thrown instanceof Reject)) throw thrown;
        }
      });
      expect(tried).toBeGreaterThan(100);
    });

    const wasm = wasmModule({
      imports: IMPORTS,
      memory: 1,
      globals: 3,
      table: [IMPORTS.length + 1],
      data: [[8, Buffer.from('some data')]],
      custom: [['icp:public candid:service', Buffer.from('service : {}')]],
      functions: [
        {
          exports: ['canister_update u', 'canister_query q', 'canister_init', 'canister_heartbeat'],
          code: [
            ...ic0('msg_caller_size'),
            ...i32(3),
            0x24,
            1,
            ...i32(0),
            ...i32(65_000),
            0x36,
            2,
            0,
            0x03,
            0x40,
            0x23,
            1,
            ...i32(1),
            0x6b,
            0x24,
            1,
            0x23,
            1,
            0x0d,
            0,
            0x0b,
            ...i32(1),
            ...i32(0),
            0x11,
            [...new Set([':', ...IMPORTS.map(([, signature]) => signature)])].indexOf('i:'),
            0,
            ...i32(1),
            0x40,
            0,
            op.drop,
            ...ic0('stable64_size'),
          ],
        },
        { signature: 'i:', code: [...i32(0), ...i32(1), ...i32(9), 0xfc, 11, 0] },
      ],
    });

    it('Wasm modules are installed and run, or refused', async () => {
      const wide = wasmModule({
        imports: WIDE_IMPORTS,
        memory: 1,
        wide: true,
        globals: 2,
        table: [WIDE_IMPORTS.length + 1],
        data: [[8, Buffer.from('some data')]],
        passive: [Buffer.from('more data')],
        functions: [
          {
            exports: ['canister_update u', 'canister_query q'],
            code: [
              ...i64(0n),
              ...i64(7n),
              0x37,
              3,
              8,
              ...i64(64n),
              ...i32(0),
              ...i32(4),
              0xfc,
              8,
              1,
              0,
              0xfc,
              9,
              1,
              ...i64(1n),
              0x40,
              0,
              op.drop,
              ...i64(1n),
              ...i64(0n),
              0x11,
              [...new Set([':', ...WIDE_IMPORTS.map(([, signature]) => signature)])].indexOf('I:'),
              0,
              ...ic0('msg_reply_data_append', [0, 16], WIDE_IMPORTS),
              ...ic0('msg_reply', [], WIDE_IMPORTS),
            ],
          },
          { signature: 'I:', code: [...i64(0n), ...i32(1), ...i64(9n), 0xfc, 11, 0] },
        ],
      });
      const modules = [
        wasm,
        wide,
        wasmModule({
          functions: [{ exports: ['canister_update u', 'canister_query q'], code: [0x03, 0x40, 0x0c, 0, 0x0b] }],
          memory: 1,
        }),
      ];
      for (const whole of modules) expect(network.install(network.create(), whole).kind).toBe('reply');
      let installed = 0;
      const tried = await campaign('Wasm', (random: Random) => {
        const subject = network.create();
        const answer = network.install(subject, mutated(random, pick(random, modules)));
        sound(answer);
        if (answer.kind === 'reply') {
          installed += 1;
          for (const method of ['u', 'q']) {
            sound(network.call(subject.id, method));
            sound(network.query(subject.id, method));
          }
        }
        network.subnet.canisters.delete(subject.id);
      });
      expect(tried).toBeGreaterThan(50);
      expect(installed).toBeGreaterThan(0);
    });
  });

  describe('over HTTP', () => {
    const host = new TestNetwork();
    afterAll(() => host.remove());

    it('nothing is executed that was not signed, and the host goes on', async () => {
      await host.start();
      const victim = await host.deploy();
      const id = victim.id.toUint8Array();
      const contents = [
        contentOf(alice, id),
        contentOf(alice, id, { request_type: 'query', method_name: 'counter' }),
        readingOf(alice, [['time']]),
      ];
      const bodies = contents.map((content) => envelopeOf(alice, content));
      const tried = await campaign('HTTP', async (random) => {
        const [at, kind] = pick(random, [
          [0, 'call'],
          [1, 'query'],
          [2, 'read_state'],
        ] as const);
        const version = kind === 'call' ? pick(random, [2, 3, 4]) : pick(random, [2, 3]);
        const body = mutated(random, bodies[at]!);
        const answer = await fetch(`${host.url}/api/v${version}/canister/${victim.id.toText()}/${kind}`, {
          method: 'POST',
          body: body as never,
        });
        await answer.arrayBuffer();
        if (![200, 202, 400].includes(answer.status))
          throw new Error(`The answer to ${Buffer.from(body).toString('hex')} is ${answer.status}.`);
        if (answer.status !== 400)
          expect(
            idOf(verifyEnvelope(decodeEnvelope(body), { now: inMinutes(0), rootKey, expectedType: kind }).requestId),
          ).toBe(idOf(representationIndependentHash(contents[at]!)));
      });
      expect(tried).toBeGreaterThan(50);
      expect(await victim.counter()).toBeLessThanOrEqual(1n);
    });
  });
});
