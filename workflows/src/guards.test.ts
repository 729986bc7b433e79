import { DEFAULT_PLAN } from '@livepod/protocol';
import {
  amount,
  checked,
  contentId,
  datasetName,
  distinct,
  finding,
  flag,
  hyperparameters,
  integer,
  invalidInput,
  list,
  name,
  nullable,
  optional,
  plan,
  providerName,
  reading,
  record,
  reference,
  refuse,
  sentence,
  together,
  token,
  type Guard,
} from './guards.js';

const read = (guard: Guard<unknown>, value: unknown, field = 'field') => reading(guard, value, field);
/** Where something is wrong, and what: `path found`. */
function wrong(guard: Guard<unknown>, value: unknown, field?: string): string[] {
  const said = read(guard, value, field);
  return 'value' in said ? [] : said.findings.map(({ path, found }) => `${path} ${found}`);
}
function rest(guard: Guard<unknown>, value: unknown): unknown {
  const said = read(guard, value);
  return 'value' in said ? said.value : said.rest;
}
const digits = (count: number, digit = 'a'): string => digit.repeat(count);
const id = `sha256:${digits(64)}`;

describe('a text of an input', () => {
  it.each<[string, Guard<string>, string[], string[]]>([
    [
      'an id',
      contentId,
      [id, `sha256:${digits(32)}${digits(32, '9')}`],
      [
        digits(64),
        `sha256:${digits(63)}`,
        `${id}a`,
        `x${id}`,
        `sha256:${digits(64, 'A')}`,
        `sha256:${digits(64, 'g')}`,
      ],
    ],
    [
      'a dataset',
      datasetName,
      [id, 'a', 'Walking, person 1', digits(200), 'x sha256:7'],
      ['', digits(201), 'two\nlines', '\n', 'sha256:7', `sha256:${digits(64, 'G')}`, `${id}a`, `${id}\n`],
    ],
    [
      'a name',
      name,
      ['a', '7', 'round-1', digits(24), '0-'],
      ['', '-a', 'A', 'a_b', 'aB', digits(25), 'a\n', ' a', 'a b', '../a'],
    ],
    [
      'a provider',
      providerName,
      ['p', 'provider-1', digits(40), '1-'],
      ['', '-p', 'P', 'p_1', digits(41), 'p\n', ' p'],
    ],
    ['a reference', reference, ['r', 'r-1', digits(16), '2-'], ['', '-r', 'R', 'r_1', digits(17), 'r\n', ' r']],
    [
      'an amount',
      amount,
      ['0', '1', '10', '500000000', digits(30, '9')],
      ['', '00', '01', '-1', '+1', '1.5', '1e9', '0x1', digits(31, '9'), ' 1', '1 ', '1\n', 'a', '1a'],
    ],
    [
      'a token',
      token,
      [
        `${digits(100)}.${digits(86)}`,
        `${digits(3000, '_')}.${digits(86, '-')}`,
        `${digits(99, 'Z')}9.${digits(86, '0')}`,
      ],
      [
        `${digits(99)}.${digits(86)}`,
        `${digits(3001)}.${digits(86)}`,
        `${digits(100)}.${digits(85)}`,
        `${digits(100)}.${digits(87)}`,
        `${digits(100)}x${digits(86)}`,
        `${digits(100, '+')}.${digits(86)}`,
        `${digits(100)}.${digits(86, '=')}`,
        ` ${digits(100)}.${digits(86)}`,
        `${digits(100)}.${digits(86)}\n`,
      ],
    ],
    ['a sentence', sentence, ['abc', 'It is so.', digits(400)], ['', 'ab', digits(401), 'abc\nabc', 'abc\n', '\nabc']],
  ])('is %s to the last character', (_, guard, fitting, others) => {
    for (const text of fitting) expect(read(guard, text)).toEqual({ value: text });
    for (const text of others) expect(wrong(guard, text)).toEqual([expect.stringContaining('which does not fit')]);
    // A list of one text reads as that text in some places.
    for (const other of [[fitting[0]], 7, true, null, {}]) expect(wrong(guard, other)).toHaveLength(1);
    expect(wrong(guard, undefined)).toEqual(['field is missing']);
  });

  it('is shown where it does not fit, a long one cut to 60 characters', () => {
    expect(wrong(name, 'No!')).toEqual(['field is "No!", which does not fit']);
    const shown = (value: unknown) => /is (.*), which/.exec(wrong(name, value)[0]!)![1]!;
    expect(shown(digits(58, 'A'))).toBe(`"${digits(58, 'A')}"`);
    expect(shown(digits(59, 'A'))).toBe(`"${digits(56, 'A')}…`);
    expect(shown(() => 1)).toBe('function');
  });
});

describe('a number of an input', () => {
  it('is whole and within its bounds, to the last one', () => {
    for (const value of [3, 4, 5]) expect(read(integer(3, 5), value)).toEqual({ value });
    for (const value of [2, 6, 3.5, '4', Number.NaN, Infinity, 4n, null, [4]])
      expect(wrong(integer(3, 5), value === 4n ? Object(4) : value)).toHaveLength(1);
    expect(wrong(integer(0, 2 ** 60), 2 ** 53)).toEqual([`field is ${2 ** 53}, which does not fit`]);
    expect(wrong(integer(3, 5), undefined)).toEqual(['field is missing']);
    expect(wrong(integer(3, 5), 6)).toEqual(['field is 6, which does not fit']);
  });
});

describe('a yes or no of an input', () => {
  it('is a boolean and nothing that passes for one', () => {
    for (const value of [true, false]) expect(read(flag, value)).toEqual({ value });
    for (const value of ['false', 0, 1, null]) expect(wrong(flag, value)).toHaveLength(1);
    expect(wrong(flag, undefined)).toEqual(['field is missing']);
  });
});

describe('what an input may leave out', () => {
  it('has its own value then, and is looked at where it is there', () => {
    expect(read(optional(flag, true), undefined)).toEqual({ value: true });
    expect(read(optional(flag, true), false)).toEqual({ value: false });
    expect(wrong(optional(flag, true), null)).toHaveLength(1);
    expect(read(nullable(flag), null)).toEqual({ value: null });
    expect(read(nullable(flag), true)).toEqual({ value: true });
    expect(wrong(nullable(flag), 'no')).toHaveLength(1);
    expect(wrong(nullable(flag), undefined)).toHaveLength(1);
  });
});

describe('a list of an input', () => {
  const one = list(name, 1, 2);
  it('has as many entries as it may, to the last one', () => {
    expect(read(one, ['a'])).toEqual({ value: ['a'] });
    expect(read(one, ['a', 'b'])).toEqual({ value: ['a', 'b'] });
    expect(wrong(one, [])).toEqual(['field has 0 entries']);
    expect(wrong(one, ['a', 'b', 'c'])).toEqual(['field has 3 entries']);
    expect(wrong(one, undefined)).toEqual(['field is missing']);
    for (const other of ['a', { length: 1, 0: 'a' }, null])
      expect(wrong(one, other)).toEqual([expect.stringContaining('which is no list')]);
  });

  it('says everything that is wrong in it, each by its place, and keeps the places of the rest', () => {
    expect(wrong(list(name, 0, 9), ['a', 'B', 'c', 7])).toEqual([
      'field[1] is "B", which does not fit',
      'field[3] is 7, which does not fit',
    ]);
    expect(rest(list(name, 0, 9), ['a', 'B', 'c'])).toEqual(['a', null, 'c']);
  });

  it('holds nothing twice where each is meant once, also beside what is malformed', () => {
    const each = distinct(list(name, 0, 9));
    expect(read(each, ['a', 'b'])).toEqual({ value: ['a', 'b'] });
    expect(wrong(each, ['a', 'b', 'a', 'a'])).toEqual([
      'field[2] stands in the list twice',
      'field[3] stands in the list twice',
    ]);
    expect(wrong(each, ['B', 'a', 'C', 'a'])).toEqual([
      'field[0] is "B", which does not fit',
      'field[2] is "C", which does not fit',
      'field[3] stands in the list twice',
    ]);
    expect(wrong(each, 'a')).toEqual([expect.stringContaining('which is no list')]);
  });
});

describe('an object of an input', () => {
  const pair = record({ round: name, count: optional(integer(1, 3), 2) });
  it('is read with what it leaves out', () => {
    expect(read(pair, { round: 'a' })).toEqual({ value: { round: 'a', count: 2 } });
    expect(read(pair, { round: 'a', count: 3 })).toEqual({ value: { round: 'a', count: 3 } });
  });

  it.each([[['a']], ['a'], [7], [null]])('is not %j', (value) =>
    expect(wrong(pair, value)).toEqual([expect.stringContaining('which is no object')]),
  );

  it('is missing as a whole or in part, and says which', () => {
    expect(wrong(pair, undefined)).toEqual(['field is missing']);
    expect(wrong(pair, {})).toEqual(['field.round is missing']);
    expect(wrong(pair, {}, '')).toEqual(['round is missing']);
  });

  it('has no field that nobody would read, and says which was meant', () => {
    const said = read(pair, { round: 'a', counts: 1, unlike: 2 }, '');
    expect(said).toMatchObject({
      findings: [
        { path: 'counts', remedy: 'Leave it out, or call it "count"' },
        { path: 'unlike', remedy: 'Leave it out, or use one of round, count' },
      ],
      rest: { round: 'a', count: 2 },
    });
  });

  it.each(['constructor', 'toString', '__proto__', 'hasOwnProperty'])(
    'has no field that it inherits: %s',
    (inherited) => {
      expect(wrong(pair, JSON.parse(`{"round":"a","${inherited}":1}`))).toEqual([
        `field.${inherited} is not a field of this input`,
      ]);
      const own = record({ constructor: optional(flag, false) } as Record<string, Guard<boolean>>);
      expect(read(own, {})).toEqual({ value: { constructor: false } });
    },
  );

  it('says everything that is wrong, and leaves the rest to be looked at', () => {
    expect(wrong(pair, { round: 'A', count: 4 })).toHaveLength(2);
    // What is malformed is not there: as undefined it would undo what stands in its place.
    expect(rest(pair, { round: 'A', count: 3 })).toStrictEqual({ count: 3 });
    expect(rest(record({ inner: pair, round: name }), { inner: { round: 'A' }, round: 'b' })).toEqual({
      inner: { count: 2 },
      round: 'b',
    });
  });
});

describe('rules of several fields together', () => {
  const order = together(record({ from: integer(0, 9), to: integer(0, 9) }), ({ from, to }) =>
    from !== undefined && to !== undefined && from > to ? [finding('to', 'is before "from"', 'Give a later one')] : [],
  );
  it('hold for what is well formed, and spare what is missing', () => {
    expect(read(order, { from: 1, to: 2 })).toEqual({ value: { from: 1, to: 2 } });
    expect(wrong(order, { from: 3, to: 2 })).toEqual(['to is before "from"']);
    expect(rest(order, { from: 3, to: 2 })).toEqual({ from: 3, to: 2 });
    expect(wrong(order, { from: 3, to: 'x' })).toEqual(['field.to is "x", which does not fit']);
    expect(rest(order, { from: 3, to: 'x' })).toEqual({ from: 3 });
    expect(wrong(order, 'x')).toEqual([expect.stringContaining('which is no object')]);
  });
});

describe('hyper-parameters', () => {
  it('are whole numbers, or decimals as text', () => {
    const fitting = {
      epochs: 10,
      less: -1,
      rate: '0.001',
      whole: '10',
      none: '0',
      negative: '-0.5',
      large: '1000.05',
      small: '5.5',
    };
    expect(read(hyperparameters, fitting)).toEqual({ value: fitting });
    expect(read(hyperparameters, {})).toEqual({ value: {} });
  });
  it.each([
    0.1,
    2 ** 53,
    '',
    '.5',
    '1.',
    '01',
    '+1',
    '1e3',
    '0x1',
    'many',
    ' 1',
    '1 ',
    '1\n',
    '1,5',
    true,
    null,
    ['1'],
  ])('are not %j', (value) => {
    expect(wrong(hyperparameters, { ok: 1, bad: value })).toEqual([expect.stringMatching(/^field\.bad is .*not fit$/)]);
    expect(rest(hyperparameters, { ok: 1, bad: value })).toEqual({ ok: 1 });
  });
  it.each([[['1']], ['a'], [7], [null]])('are an object and not %j', (value) =>
    expect(wrong(hyperparameters, value)).toEqual([expect.stringContaining('which is no object')]),
  );
  it('are said to be missing where they are', () =>
    expect(wrong(hyperparameters, undefined)).toEqual(['field is missing']));
});

describe('a plan of an input', () => {
  it('is the protocol’s, and named by its place in the input', () => {
    expect(read(plan, DEFAULT_PLAN)).toEqual({ value: DEFAULT_PLAN });
    expect(wrong(plan, { ...DEFAULT_PLAN, soakSeconds: -1, shares: [1] }, 'plan')).toEqual([
      'plan.soakSeconds is -1, which does not fit',
      'plan.shares[0] is not 1000, the whole fleet',
    ]);
    expect(wrong(plan, undefined, 'plan')).toEqual(['plan is missing']);
  });

  it('does not hide a mistake of ours as a mistake of the person', () => {
    const trap = Object.defineProperty({ ...DEFAULT_PLAN }, 'gate', {
      enumerable: true,
      get: () => {
        throw new RangeError('ours');
      },
    });
    expect(() => read(plan, trap)).toThrow(RangeError);
  });
});

describe('an input', () => {
  it('is handed on as it was read', () => expect(checked('lifecycle', flag, true)).toBe(true));

  it('is refused once and for all, with everything that is wrong, for people and for programs', () => {
    const findings = [
      { path: 'a', found: 'is so', expected: 'another', remedy: 'Give another' },
      { path: 'b', found: 'is missing', expected: 'Leave it', remedy: 'Leave it' },
    ];
    expect(invalidInput('lifecycle', findings)).toMatchObject({
      type: 'InvalidInput',
      nonRetryable: true,
      message: 'lifecycle: 2 things are wrong.\n- "a" is so. Give another.\n- "b" is missing. Leave it.',
      details: [{ findings }],
    });
    expect(() => checked('lifecycle', flag, 'no')).toThrow(
      expect.objectContaining({
        type: 'InvalidInput',
        message: 'lifecycle: The input is "no", which does not fit. Give true or false.',
      }),
    );
    expect(finding('a', 'is so', 'Give another')).toEqual(findings[0]);
    expect(finding('b', 'is missing', 'Leave it')).toEqual(findings[1]);
    expect(finding('c', 'is missing', 'Wait. Give it').expected).toBe('Wait. Give it');
    expect(() => refuse('round', 'is so', 'Give another')).toThrow('"round" is so. Give another.');
  });

  it('does not hide a mistake of ours as a mistake of the person', () => {
    const broken: Guard<never> = () => {
      throw new RangeError('ours');
    };
    expect(() => reading(broken, 1)).toThrow(RangeError);
    expect(() => checked('lifecycle', list(broken, 0, 9), [1])).toThrow(RangeError);
  });
});
