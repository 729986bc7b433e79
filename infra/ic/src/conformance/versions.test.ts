import { bytesOf, principalOf } from '../subnet/principals.js';
import { Settings } from '../management/candid.js';
import { LittleSubnet, shown } from '../testing/little-subnet.js';
import {
  api,
  append,
  bytes,
  call,
  keep,
  kept,
  reply,
  result,
  scripted,
  stableRead,
  stableWrite,
  text,
  trap,
  type Step,
} from '../testing/script.js';

const network = new LittleSubnet();
afterAll(() => network.remove());

const version = bytes(result('canister_version'));
const read = {
  'query version': [reply(version)],
  'query kept': [reply(kept)],
  'query stable': [reply(stableRead(0, 8))],
};
const deploy = (methods: Record<string, Step[]> = {}): string => network.deploy(scripted({ ...read, ...methods })).id;
const canister = (id: string) => network.subnet.canisters.get(id)!;
const number = (said: string): bigint => (said.length === 8 ? Buffer.from(said, 'latin1').readBigUInt64LE() : -1n);
const ask = (id: string, method = 'version'): bigint => number(shown(network.query(id, method)));
const answer = (id: string, method = 'go'): bigint => number(shown(network.call(id, method)));
const manage = (method: Parameters<LittleSubnet['manage']>[0], id: string, more: object = {}): boolean =>
  network.manage(method, { canister_id: principalOf(id), sender_canister_version: [], ...more }).kind === 'reply';
const settings = (changes: object): object => ({
  settings: { ...Object.fromEntries(Settings._fields.map(([name]) => [name, []])), ...changes },
});
const install = (id: string, mode: object, methods: Record<string, Step[]> = {}): boolean =>
  network.install(canister(id), scripted({ ...read, ...methods }), mode).kind === 'reply';

describe('canister_version', () => {
  it('is 1 after installation, the same in queries, and one more after each update', () => {
    const id = deploy({ init: [keep(version)], 'update go': [reply(version)], 'query ask': [reply(version)] });
    expect(ask(id, 'kept')).toBe(1n);
    expect(ask(id)).toBe(1n);
    expect(ask(id)).toBe(1n);
    expect(answer(id, 'ask')).toBe(1n);
    expect(ask(id)).toBe(1n);
    expect(answer(id)).toBe(1n);
    expect(answer(id)).toBe(2n);
    expect(answer(id)).toBe(3n);
    expect(ask(id)).toBe(4n);
  });

  it('is the old one in pre_upgrade and the new one in post_upgrade', () => {
    const id = deploy({ init: [api('stable_grow', 1)], pre_upgrade: [stableWrite(0, version)] });
    expect(install(id, { upgrade: [] }, { post_upgrade: [keep(version)] })).toBe(true);
    expect(ask(id, 'stable')).toBe(1n);
    expect(ask(id, 'kept')).toBe(2n);
    expect(ask(id)).toBe(2n);
    expect(install(id, { reinstall: null }, { init: [keep(version)] })).toBe(true);
    expect(ask(id, 'kept')).toBe(3n);
    expect(ask(id)).toBe(3n);
  });

  it.each<[string, Record<string, Step[]>]>([
    ['a heartbeat', { heartbeat: [keep(version)] }],
    ['a timer', { init: [api('global_timer_set', 1n)], global_timer: [keep(version)] }],
  ])('grows with %s', (_, methods) => {
    const id = deploy(methods);
    const before = ask(id);
    network.round();
    const kept = methods.heartbeat ? before : 1n;
    expect(ask(id, 'kept')).toBe(kept);
    expect(ask(id)).toBe(kept + 1n);
    if (methods.heartbeat) install(id, { reinstall: null });
  });

  const other = text(bytesOf(deploy({ 'update ok': [reply()], 'update no': [trap('no')] })));
  it.each<[string, Step[], bigint, bigint]>([
    ['a reply callback', [call(other, 'ok', { onReply: [keep(version), reply()] })], 2n, 3n],
    ['a reject callback', [call(other, 'no', { onReject: [keep(version), reply()] })], 2n, 3n],
    ['a cleanup', [call(other, 'ok', { onReply: [trap('no')], onCleanup: [keep(version)] })], 2n, 3n],
    ['no callback that traps', [call(other, 'ok', { onReply: [trap('no')] })], -1n, 2n],
    ['no reject callback that traps', [call(other, 'no', { onReject: [trap('no')] })], -1n, 2n],
    ['no cleanup that traps', [call(other, 'ok', { onReply: [trap('no')], onCleanup: [trap('no')] })], -1n, 2n],
  ])('grows with the update and %s', (_, steps, seen, after) => {
    const id = deploy({ 'update go': steps });
    network.call(id, 'go');
    expect(ask(id, 'kept')).toEqual(seen);
    expect(ask(id)).toEqual(after);
  });

  it.each<[string, (id: string) => unknown, bigint]>([
    ['uninstalling and installing', (id) => manage('uninstall_code', id) && install(id, { install: null }), 3n],
    ['new controllers', (id) => manage('update_settings', id, settings({ controllers: [[]] })), 2n],
    [
      'a new freezing threshold',
      (id) => manage('update_settings', id, settings({ freezing_threshold: [1n << 20n] })),
      2n,
    ],
    ['a query that traps', (id) => network.query(id, 'fail'), 1n],
    ['an update that traps', (id) => network.call(id, 'trap'), 1n],
    ['an installation over code', (id) => install(id, { install: null }), 1n],
    ['a module that is none', (id) => network.install(canister(id), new Uint8Array(), { reinstall: null }), 1n],
    ['a reinstallation that traps', (id) => install(id, { reinstall: null }, { init: [trap('no')] }), 1n],
    [
      'an upgrade to a module that is none',
      (id) => network.install(canister(id), new Uint8Array(), { upgrade: [] }),
      1n,
    ],
    ['an upgrade that traps', (id) => install(id, { upgrade: [] }, { post_upgrade: [trap('no')] }), 1n],
    [
      'settings that are refused',
      (id) => manage('update_settings', id, settings({ freezing_threshold: [1n << 70n] })),
      1n,
    ],
    ['stopping and starting', (id) => manage('stop_canister', id) && manage('start_canister', id), 4n],
  ])('after %s', (_, act, expected) => {
    const id = deploy({ 'query fail': [trap('no')], 'update trap': [trap('no')] });
    act(id);
    expect(canister(id).module ? ask(id) : -1n).toBe(expected);
  });

  it('stays when pre_upgrade traps, an init did, or a task does', () => {
    const id = deploy({ pre_upgrade: [trap('no')] });
    expect(install(id, { upgrade: [] })).toBe(false);
    expect(ask(id)).toBe(1n);
    const fresh = network.create();
    expect(network.install(fresh, scripted({ ...read, init: [trap('no')] })).kind).toBe('reject');
    expect(network.install(fresh, scripted(read)).kind).toBe('reply');
    expect(ask(fresh.id)).toBe(1n);
    const failing = deploy({
      heartbeat: [trap('no')],
      init: [api('global_timer_set', 1n)],
      global_timer: [trap('no')],
    });
    network.round();
    expect(ask(failing)).toBe(1n);
    install(failing, { reinstall: null });
  });
});

describe('the global timer', () => {
  const LATER = 9_000_000_000_000_000_000n;
  const set = (time: bigint): Step => append(bytes(result('global_timer_set', time)));
  const timed = (methods: Record<string, Step[]> = {}): string =>
    deploy({
      'update far': [set(LATER), reply()],
      'update past': [set(1n), reply()],
      'update off': [set(0n), reply()],
      'update now': [append(bytes(result('global_timer_set', result('time')))), reply()],
      global_timer: [keep(bytes(result('time')))],
      ...methods,
    });
  const fired = (id: string): boolean => ask(id, 'kept') > 0n;

  it('tells what it was set to before, and is off at 0', () => {
    const id = timed();
    expect(answer(id, 'far')).toBe(0n);
    expect(answer(id, 'far')).toEqual(LATER);
    expect(answer(id, 'off')).toEqual(LATER);
    expect(answer(id, 'off')).toBe(0n);
    network.round();
    expect(fired(id)).toBe(false);
  });

  it.each([['past'], ['now']])('set to the %s fires at once, and is then off', (method) => {
    const id = timed();
    expect(answer(id, method)).toBe(0n);
    network.round();
    expect(fired(id)).toBe(true);
    expect(answer(id, 'far')).toBe(0n);
  });

  it('may be set in init and post_upgrade, and set anew by itself', () => {
    const inInit = timed({ init: [api('global_timer_set', LATER)] });
    expect(answer(inInit, 'far')).toBe(LATER);
    const again = timed({ global_timer: [keep(text('12345678')), api('global_timer_set', LATER)] });
    answer(again, 'past');
    network.round();
    expect(answer(again, 'far')).toBe(LATER);
    const id = timed();
    install(
      id,
      { upgrade: [] },
      { post_upgrade: [keep(bytes(result('global_timer_set', LATER)))], 'update far': [set(LATER), reply()] },
    );
    expect(ask(id, 'kept')).toBe(0n);
    expect(answer(id, 'far')).toEqual(LATER);
  });

  it.each<[string, (id: string) => unknown]>([
    [
      'an upgrade, set in pre_upgrade or not',
      (id) => install(id, { upgrade: [] }, { 'update far': [set(LATER), reply()] }),
    ],
    ['a reinstallation', (id) => install(id, { reinstall: null }, { 'update far': [set(LATER), reply()] })],
    [
      'uninstalling',
      (id) => manage('uninstall_code', id) && install(id, { install: null }, { 'update far': [set(LATER), reply()] }),
    ],
  ])('is off after %s', (_, act) => {
    const id = timed({ pre_upgrade: [api('global_timer_set', LATER)] });
    answer(id, 'far');
    act(id);
    expect(answer(id, 'far')).toBe(0n);
  });

  it('stays over a stop and a start, and does not fire meanwhile', () => {
    const id = timed({
      'update soon': [append(bytes(result('global_timer_set', network.subnet.state.time + 100_000_000_000n))), reply()],
    });
    answer(id, 'far');
    manage('stop_canister', id);
    manage('start_canister', id);
    expect(answer(id, 'soon')).toBe(LATER);
    manage('stop_canister', id);
    network.round({ time: network.subnet.state.time + 200_000_000_000n });
    manage('start_canister', id);
    network.round();
    expect(fired(id)).toBe(true);
  });

  it('is back at what it was when a message traps', () => {
    const id = timed({ 'update fail': [set(LATER), trap('no')] });
    network.call(id, 'fail');
    expect(answer(id, 'far')).toBe(0n);
  });
});
