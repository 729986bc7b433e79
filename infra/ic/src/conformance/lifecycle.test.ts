import { Principal } from '@dfinity/principal';
import { gzipSync } from 'node:zlib';
import { Settings } from '../management/candid.js';
import { bytesOf, idOf, MANAGEMENT, principalOf } from '../subnet/principals.js';
import { inspectIngress } from '../subnet/queries.js';
import { Reject } from '../subnet/reject.js';
import type { Response } from '../subnet/subnet.js';
import { argumentsOf, CALLER, LittleSubnet, refusalIn, shown } from '../testing/little-subnet.js';
import {
  api,
  append,
  argument,
  bytes,
  call,
  caller,
  certificate,
  keep,
  kept,
  methodName,
  reply,
  result,
  scripted,
  self,
  stableRead,
  stableWrite,
  text,
  trap,
  whenFirst,
  type Step,
} from '../testing/script.js';
import { sha256 } from '../wasm/module.js';

const network = new LittleSubnet();
afterAll(() => network.remove());

const STRANGER = Principal.selfAuthenticating(new Uint8Array(44).fill(1));
const EMPTY = scripted({});
const read = {
  'query read': [reply(kept)],
  'query stable': [reply(stableRead(0, 9))],
  'query pages': [reply(bytes(result('stable_size')))],
  'query version': [reply(bytes(result('canister_version')))],
};
const deploy = (methods: Record<string, Step[]> = {}): string => network.deploy(scripted({ ...read, ...methods })).id;
const canister = (id: string) => network.subnet.canisters.get(id)!;
const ask = (id: string, method = 'read'): string => shown(network.query(id, method));
const number = (id: string, method: string): number => Buffer.from(ask(id, method), 'latin1').readUInt32LE();
const upgrade = (id: string, methods: Record<string, Step[]> = {}, arg?: Uint8Array): string =>
  shown(network.install(canister(id), scripted({ ...read, ...methods }), { upgrade: [] }, arg));
const reinstall = (id: string, methods: Record<string, Step[]> = {}): string =>
  shown(network.install(canister(id), scripted({ ...read, ...methods }), { reinstall: null }));
const manage = (
  method: Parameters<LittleSubnet['manage']>[0],
  id: string,
  more: object = {},
  sender = CALLER,
): Response => network.manage(method, { canister_id: principalOf(id), sender_canister_version: [], ...more }, sender);
const settings = (changes: object): object => ({
  settings: { ...Object.fromEntries(Settings._fields.map(([name]) => [name, []])), ...changes },
});
const DONE = /^DIDL/;

/** A canister that holds its caller up until `release`: it stops itself, which cannot end while its caller waits. */
function holder(): { id: string; release: () => void } {
  const fresh = network.create();
  const { id } = fresh;
  const stop = text(argumentsOf('stop_canister', { canister_id: principalOf(id) }));
  network.install(
    fresh,
    scripted({
      'update hold': [call(text(''), 'stop_canister', { arg: stop, onReply: [reply()], onReject: [reply()] })],
    }),
  );
  manage('update_settings', id, settings({ controllers: [[CALLER, principalOf(id)]] }));
  return { id, release: () => void manage('start_canister', id) };
}

/** A canister with a call under way, and how to end it. */
function held(): { id: string; pending: string; release: () => void } {
  const { id: other, release } = holder();
  const id = deploy({
    'update wait': [call(text(bytesOf(other)), 'hold', { onReply: [reply(text('released'))] })],
    'update ok': [reply()],
  });
  const pending = network.submit(id, 'wait');
  network.round();
  return { id, pending, release };
}

const settle = (): void => {
  for (let rounds = 0; rounds < 5; rounds += 1) network.round();
};

describe('stopping', () => {
  it('waits for what is under way, as do further stops; then all end', () => {
    const { id, pending, release } = held();
    const stops = [1, 2].map(() =>
      network.submit(MANAGEMENT, 'stop_canister', argumentsOf('stop_canister', { canister_id: principalOf(id) })),
    );
    expect(canister(id).state.status).toBe('stopping');
    expect(shown(network.call(id, 'ok'))).toBe('reject 5');
    expect(ask(id)).toBe('reject 5');
    expect(stops.map((one) => shown(network.answerOf(one)))).toEqual(['none yet', 'none yet']);
    expect(refusalIn(manage('delete_canister', id), 'delete').errorCode).toBe('IC0510');
    release();
    settle();
    expect(shown(network.answerOf(pending))).toBe('released');
    expect(stops.map((one) => DONE.test(shown(network.answerOf(one))))).toEqual([true, true]);
    expect(canister(id).state.status).toBe('stopped');
    expect(shown(network.call(id, 'ok'))).toBe('reject 5');
    expect(ask(id)).toBe('reject 5');
  });

  it('is cancelled by a start', () => {
    const { id, release } = held();
    const stop = network.submit(
      MANAGEMENT,
      'stop_canister',
      argumentsOf('stop_canister', { canister_id: principalOf(id) }),
    );
    expect(DONE.test(shown(manage('start_canister', id)))).toBe(true);
    settle();
    expect(canister(id).state.status).toBe('running');
    expect(shown(network.answerOf(stop))).toBe('reject 5');
    expect(shown(network.call(id, 'ok'))).toBe('');
    release();
  });

  it('is told to the canister, in upgrades too; starting and stopping twice are once', () => {
    const status = bytes(result('canister_status'));
    const id = deploy({
      init: [api('stable_grow', 1)],
      pre_upgrade: [stableWrite(0, status)],
      'query status': [reply(status)],
    });
    expect(ask(id, 'status')).toBe('\x01\0\0\0');
    for (const _ of [1, 2]) expect(DONE.test(shown(manage('stop_canister', id)))).toBe(true);
    expect(DONE.test(upgrade(id, { post_upgrade: [keep(status)] }))).toBe(true);
    for (const _ of [1, 2]) expect(DONE.test(shown(manage('start_canister', id)))).toBe(true);
    expect(ask(id)).toBe('\x03\0\0\0');
    expect(ask(id, 'stable').slice(0, 4)).toBe('\x03\0\0\0');
  });

  it('comes before deletion, after which nothing is there', () => {
    const id = deploy();
    expect(shown(manage('delete_canister', id))).toBe('reject 5');
    manage('stop_canister', id);
    expect(DONE.test(shown(manage('delete_canister', id)))).toBe(true);
    const asking = deploy({ 'update go': [call(text(bytesOf(id)), 'read')] });
    expect(ask(id)).toBe('reject 3');
    expect(shown(network.call(asking, 'go')).charCodeAt(0)).toBe(3);
    expect(shown(manage('canister_status', id))).toBe('reject 3');
    expect(shown(manage('delete_canister', id))).toBe('reject 3');
  });

  it('and everything else of the kind is for controllers', () => {
    const id = deploy();
    for (const method of [
      'start_canister',
      'stop_canister',
      'canister_status',
      'delete_canister',
      'uninstall_code',
    ] as const)
      expect(refusalIn(manage(method, id, {}, STRANGER), method)).toMatchObject({ code: 5, errorCode: 'IC0512' });
    for (const mode of [{ install: null }, { reinstall: null }, { upgrade: [] }])
      expect(
        refusalIn(manage('install_code', id, { mode, wasm_module: EMPTY, arg: [] }, STRANGER), 'install').errorCode,
      ).toBe('IC0512');
    manage('update_settings', id, settings({ controllers: [[STRANGER]] }));
    expect(shown(manage('update_settings', id, settings({ controllers: [[CALLER]] })))).toBe('reject 5');
    expect(
      DONE.test(
        shown(manage('install_code', id, { mode: { reinstall: null }, wasm_module: EMPTY, arg: [] }, STRANGER)),
      ),
    ).toBe(true);
  });
});

describe('installing', () => {
  it('takes compressed modules, whose hash is of what was sent', () => {
    const fresh = network.create();
    const packed = new Uint8Array(gzipSync(EMPTY));
    for (const [mode, wasm] of [
      [{ install: null }, packed],
      [{ reinstall: null }, packed],
      [{ reinstall: null }, EMPTY],
      [{ upgrade: [] }, packed],
    ] as const) {
      expect(DONE.test(shown(network.install(fresh, wasm, mode)))).toBe(true);
      expect(Buffer.from(fresh.module!.hash).equals(sha256(wasm))).toBe(true);
    }
  });

  it('over an empty canister may be a reinstallation, and over code is no installation', () => {
    const fresh = network.create();
    expect(DONE.test(shown(network.install(fresh, EMPTY, { reinstall: null })))).toBe(true);
    expect(shown(network.install(fresh, EMPTY))).toBe('reject 5');
  });

  it('needs a canister', () => {
    expect(
      refusalIn(
        manage('install_code', '00000000000000ff0101', { mode: { install: null }, wasm_module: EMPTY, arg: [] }),
        'install',
      ).code,
    ).toBe(3);
  });

  it('by a canister is as by a user', () => {
    const id = deploy();
    const owner = deploy({ 'update manage': [call(text(''), 'install_code', { arg: argument })] });
    const arg = (mode: object): Uint8Array =>
      argumentsOf('install_code', {
        canister_id: principalOf(id),
        mode,
        wasm_module: EMPTY,
        arg: [],
        sender_canister_version: [],
      });
    expect(shown(network.call(owner, 'manage', arg({ reinstall: null }))).charCodeAt(0)).toBe(5);
    manage('update_settings', id, settings({ controllers: [[principalOf(owner)]] }));
    expect(
      ['reinstall', 'install', 'upgrade'].map((mode) =>
        shown(network.call(owner, 'manage', arg({ [mode]: mode === 'upgrade' ? [] : null }))).charCodeAt(0),
      ),
    ).toEqual([0x44, 5, 0x44]);
  });
});

describe('an upgrade', () => {
  const old = (pre: Step[]): string =>
    deploy({ init: [keep(text('FOO')), api('stable_grow', 1), stableWrite(0, text('BAR______'))], pre_upgrade: pre });
  const unchanged = (id: string): void => {
    expect(ask(id)).toBe('FOO');
    expect(ask(id, 'stable')).toBe('BAR______');
  };

  it('has the old heap in pre_upgrade and a new one afterwards; stable memory stays', () => {
    const id = old([stableWrite(3, kept)]);
    unchanged(id);
    expect(DONE.test(upgrade(id, { post_upgrade: [stableWrite(6, stableRead(0, 3))] }))).toBe(true);
    expect(ask(id)).toBe('');
    expect(ask(id, 'stable')).toBe('BARFOOBAR');
  });

  it.each<[string, Step[], Step[]]>([
    ['pre_upgrade traps', [trap('no')], []],
    ['pre_upgrade calls', [call(self, 'read')], []],
    ['pre_upgrade asks for an argument', [keep(argument)], []],
    ['post_upgrade traps', [stableWrite(3, kept)], [trap('no')]],
    ['post_upgrade calls', [stableWrite(3, kept)], [call(self, 'read')]],
  ])('changes nothing when %s', (_, pre, post) => {
    const id = old(pre);
    expect(upgrade(id, { post_upgrade: post })).toBe('reject 5');
    unchanged(id);
  });

  it('hands its argument to post_upgrade', () => {
    const id = deploy();
    upgrade(id, { post_upgrade: [keep(argument)] }, Buffer.from('argument'));
    expect(ask(id)).toBe('argument');
  });
});

describe('a reinstallation', () => {
  const first = [keep(text('FOO')), api('stable_grow', 1), stableWrite(0, text('FOO______'))];

  it('begins with nothing', () => {
    const id = deploy({ init: first });
    expect(ask(id)).toBe('FOO');
    expect(number(id, 'pages')).toBe(1);
    reinstall(id, { init: [keep(text('BAR')), api('stable_grow', 2)] });
    expect(ask(id)).toBe('BAR');
    expect(number(id, 'pages')).toBe(2);
    expect(ask(id, 'stable')).toEqual('\0'.repeat(9));
    reinstall(id);
    expect(ask(id)).toBe('');
    expect(number(id, 'pages')).toBe(0);
  });

  it('that traps changes nothing', () => {
    const id = deploy({ init: first });
    expect(reinstall(id, { init: [trap('no')] })).toBe('reject 5');
    expect(ask(id)).toBe('FOO');
    expect(ask(id, 'stable')).toBe('FOO______');
  });
});

describe('uninstalling', () => {
  it('leaves controllers and status, and wipes all else', () => {
    const id = deploy({ init: [keep(text('FOO')), api('stable_grow', 1), api('certified_data_set', text('FOO'))] });
    manage('uninstall_code', id);
    manage('uninstall_code', id); // of an empty canister
    expect(canister(id).module).toBeUndefined();
    expect(canister(id).state.status).toBe('running');
    expect(canister(id).state.settings.controllers).toEqual([idOf(CALLER.toUint8Array())]);
    expect(ask(id)).toBe('reject 5');
    expect(network.refusal(id, 'x').code).toBe(5);
    network.install(canister(id), scripted(read));
    expect(ask(id)).toBe('');
    expect(number(id, 'pages')).toBe(0);
    expect(canister(id).state.certified.length).toBe(0);
  });

  it('rejects calls under way at once, and for good; a stop still waits for them', () => {
    const { id, pending, release } = held();
    manage('uninstall_code', id);
    expect(shown(network.answerOf(pending))).toBe('reject 4');
    const stop = network.submit(
      MANAGEMENT,
      'stop_canister',
      argumentsOf('stop_canister', { canister_id: principalOf(id) }),
    );
    expect(canister(id).state.status).toBe('stopping');
    expect(shown(network.answerOf(stop))).toBe('none yet');
    release();
    settle();
    expect(shown(network.answerOf(pending))).toBe('reject 4');
    expect(DONE.test(shown(network.answerOf(stop)))).toBe(true);
    expect(canister(id).state.status).toBe('stopped');
  });

  it('lets no answer of before reach what was installed afterwards', () => {
    const first = holder();
    const second = holder();
    const waiting = (other: string, words: string): Record<string, Step[]> => ({
      'update wait': [call(text(bytesOf(other)), 'hold', { onReply: [keep(text(words)), reply(text(words))] })],
    });
    const id = deploy(waiting(first.id, 'First'));
    const before = network.submit(id, 'wait');
    manage('uninstall_code', id);
    network.install(canister(id), scripted({ ...read, ...waiting(second.id, 'Second') }));
    const after = network.submit(id, 'wait');
    first.release();
    settle();
    expect(shown(network.answerOf(before))).toBe('reject 4');
    expect(shown(network.answerOf(after))).toBe('none yet');
    expect(ask(id)).toBe('');
    second.release();
    settle();
    expect(shown(network.answerOf(before))).toBe('reject 4');
    expect(shown(network.answerOf(after))).toBe('Second');
    expect(ask(id)).toBe('Second');
  });
});

describe('heartbeats', () => {
  it('run for all canisters, and what traps in one changes nothing', () => {
    const beats = (words: string): string => deploy({ heartbeat: [keep(text(words))] });
    const a = beats('FOO');
    const b = beats('BAR');
    const c = deploy({ heartbeat: [keep(text('FIZZ')), reply(text('FIZZ'))] });
    network.round();
    expect(ask(a)).toBe('FOO');
    expect(ask(b)).toBe('BAR');
    expect(ask(c)).toBe('');
  });
});

describe('canister_inspect_message', () => {
  const admitted = (id: string, method: string, arg = '', sender = CALLER): string => {
    try {
      inspectIngress(network.subnet, network.subnet.state.time, {
        requestId: '',
        sender: sender.toUint8Array(),
        to: id,
        effective: id,
        method,
        arg: Buffer.from(arg),
        expiry: 0n,
      });
      return 'admitted';
    } catch (refusal) {
      return `reject ${(refusal as Reject).rejection.code}`;
    }
  };
  const accept = api('accept_message');
  const doors = (steps: Step[]): string =>
    deploy({ inspect_message: steps, 'update go': [reply()], 'query ask': [reply()] });

  it.each<[string, Step[], string]>([
    ['accepts', [accept], 'admitted'],
    ['does not accept', [], 'reject 4'],
    ['accepts twice', [accept, accept], 'reject 5'],
    ['traps', [trap('no')], 'reject 5'],
    ['accepts, then traps', [accept, trap('no')], 'reject 5'],
  ])('that %s', (_, steps, expected) => {
    const id = doors(steps);
    expect(admitted(id, 'go')).toEqual(expected);
    expect(admitted(id, 'ask')).toEqual(expected);
    if (expected === 'reject 4')
      expect(
        shown(
          network.call(
            deploy({ 'update relay': [call(text(bytesOf(id)), 'go', { onReply: [reply(text('came'))] })] }),
            'relay',
          ),
        ),
      ).toBe('came');
  });

  it('knows method, caller and argument', () => {
    const refusing = (value: Parameters<typeof whenFirst>[0], byte: number): string =>
      doors([whenFirst(value, byte, [trap('no')]), accept]);
    const byMethod = refusing(methodName, 'g'.charCodeAt(0));
    const byCaller = refusing(caller, CALLER.toUint8Array()[0]!);
    const byArgument = refusing(argument, 'x'.charCodeAt(0));
    expect(admitted(byMethod, 'go')).toBe('reject 5');
    expect(admitted(byMethod, 'ask')).toBe('admitted');
    expect(admitted(byCaller, 'go')).toBe('reject 5');
    expect(admitted(byCaller, 'go', '', STRANGER)).toBe('admitted');
    expect(admitted(byArgument, 'go', 'x')).toBe('reject 5');
    expect(admitted(byArgument, 'go', 'y')).toBe('admitted');
  });

  it('is not asked where there is no code: the call is refused', () => {
    expect(admitted(network.create().id, 'go')).toBe('reject 5');
  });
});

describe('certified data', () => {
  const set = (words: string): Step => api('certified_data_set', text(words));
  const shownBy = (id: string): string => Buffer.from(canister(id).state.certified).toString();

  it.each<[string, Record<string, Step[]>, string]>([
    ['is empty at first', {}, ''],
    ['is set in init', { init: [set('FOO')] }, 'FOO'],
    ['is what was set last', { init: [set('FOO')], 'update go': [set('BAR'), set('BAZ'), reply()] }, 'BAZ'],
    ['stays when the message traps', { init: [set('FOO')], 'update go': [set('BAR'), trap('no')] }, 'FOO'],
    [
      'stays when more than 32 bytes are set',
      { init: [set('FOO')], 'update go': [set('B'.repeat(33)), reply()] },
      'FOO',
    ],
    ['may have 32 bytes', { 'update go': [set('B'.repeat(32)), reply()] }, 'B'.repeat(32)],
  ])('%s', (_, methods, expected) => {
    const id = deploy({ 'update go': [reply()], ...methods });
    network.call(id, 'go');
    expect(shownBy(id)).toBe(expected);
  });

  it('stays over an upgrade, may be set in it, and is cleared by a reinstallation', () => {
    const id = deploy({ init: [set('FOO')], pre_upgrade: [set('PRE')] });
    upgrade(id);
    expect(shownBy(id)).toBe('PRE');
    upgrade(id, { post_upgrade: [set('POST')] });
    expect(shownBy(id)).toBe('POST');
    reinstall(id);
    expect(shownBy(id)).toBe('');
  });

  it('has a certificate in queries of users only', () => {
    const present = [append(bytes(result('data_certificate_present'))), reply()];
    const id = deploy({
      'query ask': present,
      'update go': present,
      'update relay': [call(self, 'ask')],
      'query show': [reply(certificate)],
    });
    expect(ask(id, 'ask')).toBe('\x01\0\0\0');
    expect(shown(network.call(id, 'ask'))).toBe('\0\0\0\0');
    expect(shown(network.call(id, 'go'))).toBe('\0\0\0\0');
    expect(shown(network.call(id, 'relay'))).toBe('\0\0\0\0');
    expect(ask(id, 'show')).toEqual('\0'.repeat(8));
  });
});
