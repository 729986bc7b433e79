import { Principal } from '@dfinity/principal';
import { bytesOf } from '../subnet/principals.js';
import { CALLER, LittleSubnet, shown } from '../testing/little-subnet.js';
import {
  api,
  append,
  argument,
  bytes,
  call,
  caller,
  copied,
  keep,
  kept,
  reject,
  reply,
  result,
  scripted,
  self,
  stableRead,
  stableWrite,
  text,
  trap,
  wide,
  type Step,
} from '../testing/script.js';

const hex = (value: Uint8Array): string => Buffer.from(value).toString('latin1');
const network = new LittleSubnet();
afterAll(() => network.remove());

/** Beside what a test adds: `read` tells what is kept. */
const deploy = (methods: Record<string, Step[]>): string =>
  network.deploy(scripted({ 'query read': [reply(kept)], ...methods })).id;
const answer = (id: string, method = 'go'): string => shown(network.call(id, method));
const asked = (id: string, method = 'read'): string => shown(network.query(id, method));

describe('calls by users', () => {
  it.each<[string, Step[], string]>([
    ['reply', [reply(text('ABCD'))], 'ABCD'],
    ['reject', [reject('ABCD')], 'reject 4'],
    ['answer nothing', [], 'reject 5'],
    ['reply twice', [reply(), reply()], 'reject 5'],
    ['reject twice', [reject('a'), reject('b')], 'reject 5'],
    ['append after a reply', [reply(), append(text('foo'))], 'reject 5'],
    ['append after a reject', [reject('bar'), append(text('foo'))], 'reject 5'],
    ['drop what was appended when they reject', [append(text('lost')), reject('bar')], 'reject 4'],
    ['tell the caller', [reply(caller)], hex(CALLER.toUint8Array())],
    ['trap', [trap('no')], 'reject 5'],
    ['print', [api('debug_print', text('printed')), reply(text('ok'))], 'ok'],
    ['print from nowhere', [api('debug_print', 0x7fff_ffff, 1), reply(text('ok'))], 'ok'],
    ['accept no cycles', [reply(bytes(result('canister_status')))], '\x01\0\0\0'],
    ['tell the time, the same each time', [append(bytes(result('time'))), reply(bytes(result('time')))], 'twice'],
    [
      'tell the balance, the same each time',
      [append(bytes(result('canister_cycle_balance'))), reply(bytes(result('canister_cycle_balance')))],
      'twice',
    ],
  ])('may %s, in updates, replicated queries and queries', (_, steps, expected) => {
    const id = deploy({ 'update go': steps, 'query ask': steps });
    for (const said of [answer(id), answer(id, 'ask'), asked(id, 'ask')]) {
      if (expected === 'twice') {
        expect(said.length).toBe(16);
        expect(said.slice(8)).toEqual(said.slice(0, 8));
      } else expect(said).toBe(expected);
    }
  });

  it('of methods that are not there are refused', () => {
    const id = deploy({});
    expect(network.refusal(id, 'no_such_update').errorCode).toBe('IC0536');
    expect(answer(id, 'no_such_update')).toBe('reject 5');
    expect(asked(id, 'no_such_query')).toBe('reject 5');
  });

  it('keep what they changed although they answered nothing, and not when they trap', () => {
    const id = deploy({ 'update go': [keep(text('FOO'))], 'update fail': [keep(text('BAR')), trap('no')] });
    expect(answer(id)).toBe('reject 5');
    expect(answer(id, 'fail')).toBe('reject 5');
    expect(asked(id)).toBe('FOO');
  });

  it('change what the next one sees; queries see their own changes only', () => {
    const id = deploy({ 'update go': [keep(argument), reply()], 'query try': [keep(text('BAR')), reply(kept)] });
    network.call(id, 'go', Buffer.from('FOO'));
    expect(asked(id)).toBe('FOO');
    expect(asked(id, 'try')).toBe('BAR');
    expect(asked(id)).toBe('FOO');
    network.call(id, 'go', Buffer.from('BAZ'));
    expect(asked(id)).toBe('BAZ');
  });
});

describe('calls between canisters', () => {
  const hello = [append(text('Hello ')), append(caller), append(text(' this is ')), reply(self)];
  const helper = deploy({
    'update greet': hello,
    'query greeting': hello,
    'update silent': [],
    'query twice': [reply(), reply()],
    'update refuse': [reject('meh')],
    'update code': [reply(argument)],
  });
  const other = text(bytesOf(helper));
  const greeting = (from: string): string => `Hello ${hex(bytesOf(from))} this is ${hex(bytesOf(helper))}`;

  it.each<[string, string]>([
    ['update', 'greet'],
    ['query', 'greeting'],
  ])("reach another canister's %s", (_, method) => {
    const id = deploy({ 'update go': [call(other, method)] });
    expect(answer(id)).toBe(greeting(id));
  });

  it.each<[string, string]>([
    ['update', 'update me'],
    ['query', 'query me'],
  ])("reach the canister's own %s", (_, method) => {
    const id = deploy({ 'update go': [call(self, 'me')], [method]: hello });
    expect(answer(id)).toBe(`Hello ${hex(bytesOf(id))} this is ${hex(bytesOf(id))}`);
  });

  it.each<[string, Step, number]>([
    ['a canister that is not there', call(text('foo'), 'bar'), 3],
    ['a user', call(text(CALLER.toUint8Array()), 'bar'), 3],
    ['a method that is not there', call(other, 'bar'), 5],
    ['one that answers nothing', call(other, 'silent'), 5],
    ['one that replies twice', call(other, 'twice'), 5],
    ['one that rejects', call(other, 'refuse'), 4],
    ['the management canister, for what it has not', call(text(''), 'no_such_method'), 5],
  ])('to %s are rejected', (_, step, code) => {
    expect(answer(deploy({ 'update go': [step] })).charCodeAt(0)).toBe(code);
  });

  it.each<[string, string]>([
    ['an update call', 'update'],
    ['a query', 'query'],
    ['a call between canisters', 'between'],
  ])('cannot be made by a query method, in %s', (_, how) => {
    const id = deploy({ 'query go': [call(other, 'greet')], 'update relay': [call(self, 'go')] });
    const said = how === 'update' ? answer(id) : how === 'query' ? asked(id, 'go') : answer(id, 'relay');
    expect(how === 'between' ? said.charCodeAt(0) : said).toBe(how === 'between' ? 5 : 'reject 5');
  });

  it('commit what an update did, and not what a query did', () => {
    const inner = [keep(text('BAR')), reply()];
    const id = deploy({
      'update go': [keep(text('FOO')), call(self, 'change')],
      'update change': inner,
      'update ask': [keep(text('FOO')), call(self, 'look')],
      'query look': inner,
    });
    expect(answer(id)).toBe('');
    expect(asked(id)).toBe('BAR');
    expect(answer(id, 'ask')).toBe('');
    expect(asked(id)).toBe('FOO');
  });

  it.each<[string, Step]>([
    ['call_data_append', api('call_data_append', text('Foo'))],
    ['call_on_cleanup', api('call_on_cleanup', 0, 0)],
    ['call_cycles_add', api('call_cycles_add', 0n)],
    ['call_cycles_add128', api('call_cycles_add128', 0n, 0n)],
    ['call_perform', api('call_perform')],
    ['call_with_best_effort_response', api('call_with_best_effort_response', 1)],
    [
      'a second call_on_cleanup',
      {
        step: (shop) => [
          ...api('call_new', text('foo'), text('bar'), 0, 0, 0, 0).step(shop),
          ...api('call_on_cleanup', 0, 0).step(shop),
          ...api('call_on_cleanup', 0, 0).step(shop),
        ],
      },
    ],
  ])('need call_new before %s', (_, step) => {
    expect(answer(deploy({ 'update go': [step, reply()] }))).toBe('reject 5');
  });

  it('are begun anew by call_new, and take arguments in pieces', () => {
    const begun = [api('call_new', text('foo'), text('bar'), 0, 0, 0, 0), api('call_data_append', text('hey'))];
    const pieces = call(other, 'code', { arg: text('one,') });
    const id = deploy({ 'update go': [...begun, pieces] });
    expect(answer(id)).toBe('one,');
    const twice: Step = {
      step: (shop) => {
        // ends with call_perform and drop: the second piece goes before them
        const code = call(other, 'code', { arg: text('one,') }).step(shop);
        return [...code.slice(0, -3), ...api('call_data_append', text('two')).step(shop), ...code.slice(-3)];
      },
    };
    expect(answer(deploy({ 'update go': [twice] }))).toBe('one,two');
  });

  it('give back cycles of a call that is never performed', () => {
    const balance = append(bytes(result('canister_cycle_balance')));
    const id = deploy({
      'update go': [
        api('call_new', text('foo'), text('bar'), 0, 0, 0, 0),
        api('call_cycles_add', 40_000_000_000_000n),
        balance,
        api('call_new', text('foo'), text('bar'), 0, 0, 0, 0),
        balance,
        reply(),
      ],
    });
    const said = Buffer.from(answer(id), 'latin1');
    expect(said.readBigUInt64LE(8) - said.readBigUInt64LE(0)).toBe(40_000_000_000_000n);
  });
});

describe('callbacks', () => {
  const helper = deploy({ 'update ok': [reply(text('ok'))], 'update refuse': [reject('meh')] });
  const other = text(bytesOf(helper));
  const ask = (more: Parameters<typeof call>[2], method = 'ok'): Step => call(other, method, more);

  it.each<[string, Step[], string, string]>([
    ['has the reject code 0 in a reply', [ask({ onReply: [reply(bytes(result('msg_reject_code')))] })], '\0\0\0\0', ''],
    [
      'has code and words of a reject',
      [ask({ onReject: [append(bytes(result('msg_reject_code'))), reply(copied('msg_reject_msg'))] }, 'refuse')],
      '\x04\0\0\0meh',
      '',
    ],
    [
      'cannot reply when the method has',
      [keep(text('FOO')), reply(text('First')), ask({ onReply: [keep(text('BAR')), reply(text('Second'))] })],
      'First',
      'FOO',
    ],
    [
      'replies without what the method appended',
      [append(text('FOO')), ask({ onReply: [append(text('BAR')), reply()] })],
      'BAR',
      '',
    ],
    ['runs no cleanup after a reply', [ask({ onReply: [reply()], onCleanup: [keep(text('BAD'))] })], '', ''],
    [
      'runs no cleanup after a reject',
      [ask({ onReject: [reply()], onCleanup: [keep(text('BAD'))] }, 'refuse')],
      '',
      '',
    ],
    [
      'runs the cleanup when it traps',
      [ask({ onReply: [keep(text('BAD')), trap('no')], onCleanup: [keep(text('GOOD'))] })],
      'reject 5',
      'GOOD',
    ],
    [
      'runs the cleanup when it traps on a reject',
      [ask({ onReject: [trap('no')], onCleanup: [keep(text('GOOD'))] }, 'refuse')],
      'reject 5',
      'GOOD',
    ],
    [
      'keeps nothing when the cleanup traps too',
      [
        keep(text('FOO')),
        ask({ onReply: [keep(text('BAD')), trap('no')], onCleanup: [keep(text('BAD')), trap('no')] }),
      ],
      'reject 5',
      'FOO',
    ],
    [
      'may reply after another one trapped',
      [ask({ onReply: [trap('first')] }), ask({ onReply: [reply(text('good'))] })],
      'good',
      '',
    ],
    [
      'may trap after another one replied',
      [ask({ onReply: [reply(text('good'))] }), ask({ onReply: [trap('second')] })],
      'good',
      '',
    ],
    [
      'ends the call with IC0503 when the last one traps',
      [ask({ onReply: [trap('first')] }), ask({ onReply: [trap('second')] })],
      'reject 5',
      '',
    ],
    ['may call on', [ask({ onReply: [ask({ onReply: [append(text('deep ')), reply(argument)] })] })], 'deep ok', ''],
  ])('%s', (_, steps, said, left) => {
    const id = deploy({ 'update go': steps });
    expect(answer(id)).toBe(said);
    for (let rounds = 0; rounds < 3; rounds += 1) network.round(); // whatever is still under way
    expect(asked(id)).toBe(left);
  });
});

describe('canister_init', () => {
  const initOf = (init: Step[], query: Step[]): string => asked(deploy({ init, 'query tell': query }), 'tell');

  it('knows who installs, and itself', () => {
    expect(initOf([keep(caller)], [reply(kept)])).toBe(hex(CALLER.toUint8Array()));
    const id = deploy({ init: [keep(self)] });
    expect(asked(id)).toBe(hex(bytesOf(id)));
  });

  it.each<[string, Step]>([
    ['traps', trap('in init')],
    ['calls', call(text('dummy'), 'x')],
    ['replies', reply()],
    ['rejects', reject('in init')],
  ])('that %s leaves a canister without code', (_, step) => {
    const canister = network.create();
    expect(shown(network.install(canister, scripted({ init: [step], 'query read': [reply()] })))).toBe('reject 5');
    expect(asked(canister.id)).toBe('reject 5');
    expect(canister.module).toBeUndefined();
  });
});

describe('is_controller', () => {
  const is = (who: Uint8Array): string =>
    asked(deploy({ 'query ask': [reply(bytes(result('is_controller', text(who))))] }), 'ask');

  it.each<[string, Uint8Array, string]>([
    ['a controller', CALLER.toUint8Array(), '\x01\0\0\0'],
    ['nobody', new Uint8Array(), '\0\0\0\0'],
    ['a stranger', Principal.anonymous().toUint8Array(), '\0\0\0\0'],
    ['29 bytes', new Uint8Array(29), '\0\0\0\0'],
    ['more bytes than a principal has', new Uint8Array(30), 'reject 5'],
  ])('of %s', (_, who, expected) => expect(is(who)).toBe(expected));
});

describe('stable memory by 32 and 64 bits', () => {
  const at = (name: string, ...args: (number | bigint)[]): Step[] => [reply(bytes(result(name, ...args)))];
  const id = deploy({
    'update grow': at('stable_grow', 1),
    'update grow_far': at('stable64_grow', 65_534n),
    'update too_far': at('stable_grow', 65_535),
    'query size': at('stable_size'),
    'query size64': at('stable64_size'),
    'query grow_in_query': at('stable_grow', 1),
    'update write': [stableWrite(0, argument), reply()],
    'query write_in_query': [stableWrite(0, text('BAR')), reply(stableRead(0, 3))],
    'query read3': [reply(stableRead(0, 3))],
  });
  const number = (said: string): bigint => Buffer.from(said.padEnd(8, '\0'), 'latin1').readBigUInt64LE();

  it('is empty at first, grows in updates, and in a query for that query only', () => {
    expect(number(asked(id, 'size'))).toBe(0n);
    expect(shown(network.call(id, 'write', Buffer.from('FOO')))).toBe('reject 5');
    expect(asked(id, 'write_in_query')).toBe('reject 5');
    expect(
      [
        answer(id, 'grow'),
        answer(id, 'grow'),
        asked(id, 'grow_in_query'),
        asked(id, 'size'),
        answer(id, 'too_far'),
      ].map(number),
    ).toEqual([0n, 1n, 2n, 2n, 0xffff_ffffn]);
    network.call(id, 'write', Buffer.from('FOO'));
    expect(asked(id, 'write_in_query')).toBe('BAR');
    expect(asked(id, 'read3')).toBe('FOO');
    expect(number(answer(id, 'grow_far'))).toBe(2n);
    expect(number(asked(id, 'size64'))).toBe(65_536n);
  });

  it('beyond 4 GiB is for the functions of 64 bits only', () => {
    const far = deploy({
      init: [api('stable64_grow', 65_537n)],
      ...Object.fromEntries(
        Object.entries({
          size: at('stable_size'),
          grow: at('stable_grow', 1),
          read: [reply(stableRead(0, 3))],
          write: [stableWrite(0, text('a')), reply()],
          size64: at('stable64_size'),
        }).map(([name, steps]) => [`query ${name}`, steps]),
      ),
    });
    expect(['size', 'grow', 'read', 'write'].map((name) => asked(far, name))).toEqual(
      Array.from({ length: 4 }, () => 'reject 5'),
    );
    expect(number(asked(far, 'size64'))).toBe(65_537n);
  });
});

describe('balances', () => {
  it('beyond 64 bits are told in 128 only', () => {
    const rich = network.deploy(
      scripted({
        'query narrow': [reply(bytes(result('canister_cycle_balance')))],
        'query wide': [reply(wide('canister_cycle_balance128'))],
      }),
      1n << 66n,
    ).id;
    expect(asked(rich, 'narrow')).toBe('reject 5');
    expect(Buffer.from(asked(rich, 'wide'), 'latin1').readBigUInt64LE(8)).toBe(3n);
  });
});
