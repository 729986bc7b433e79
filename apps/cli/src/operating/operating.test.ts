import { DEFAULT_PLAN, readOperatorToken, sha256, utf8 } from '@livepod/protocol';
import { readInput } from '@livepod/workflows';
import { STARTABLE } from './catalogue.js';
import { intervalFindings, secondsOf } from './schedules.js';
import type { Known } from './known.js';
import { operatorAction, operatorToken } from './tokens.js';

const seed = sha256(utf8('operator'));
const asked = { action: 'resume', workflow: 'rollout-4', object: 'release/4', state: 'paused/1/1' } as const;
const grant = { ...asked, fleet: 'aaaaa-aa', minutes: 15 };

describe('an operator’s token', () => {
  it('says what may be done to what in which state, and until when', () => {
    const { operator } = readOperatorToken(operatorToken(seed, grant));
    expect(operator).toMatchObject({ ...asked, audience: 'aaaaa-aa' });
    expect(Number(BigInt(operator.expires) / 1_000_000n) - Date.now()).toBeGreaterThan(14 * 60_000);
  });

  it('is another one each time', () => expect(operatorToken(seed, grant)).not.toBe(operatorToken(seed, grant)));

  it.each([
    ['an hour', { minutes: 60 }, /at most 59 minutes/],
    ['no time', { minutes: 0 }, /more than 0/],
    ['minutes that are no number', { minutes: Number.NaN }, /more than 0/],
    ['every workflow', { workflow: '*' }, /operator.workflow must be the id of one workflow/],
    ['every release', { object: 'release/*' }, /operator.object must be/],
  ])('is not made for %s', (_, change, sentence) =>
    expect(() => operatorToken(seed, { ...grant, ...change })).toThrow(sentence),
  );

  it('is not made for an action that does not exist', () =>
    expect(() => operatorAction('pay')).toThrow(/There is no action pay/));
});

describe('what can be started', () => {
  const bare: Known = {
    round: 'by-hand-1',
    drill: 'drill-1',
    channel: 'stable',
    provider: 'provider-1',
    recipe: null,
    few: {},
    plan: DEFAULT_PLAN,
    submitted: [],
    accepted: [],
    base: null,
    checkpoint: null,
    versions: [],
    stable: null,
    release: null,
  };
  it('has no input while something for it is missing, and says what', () => {
    expect(STARTABLE.filter(({ sample }) => sample(bare) !== undefined).map(({ type }) => type)).toEqual([
      'treasuryWatch',
    ]);
    for (const { needs } of STARTABLE) expect(needs).not.toBe('');
  });

  const id = `sha256:${'1'.repeat(64)}`;
  const alive: Known = {
    ...bare,
    recipe: id,
    few: { epochs: 3 },
    submitted: [id],
    accepted: [id],
    checkpoint: id,
    versions: [1, 2, 3],
    stable: 2,
    release: { id: 2, channel: 'stable', waves: 3 },
  };
  it.each(STARTABLE)('has an input for $type that its workflow reads', ({ type, sample }) => {
    expect(readInput(type, sample(alive))).not.toHaveProperty('findings');
  });

  it('has an input and an id of its own for each, once the installation is alive', () => {
    const ids = STARTABLE.map(({ sample, id }) => id(sample(alive)!));
    expect(STARTABLE.find(({ type }) => type === 'modelRollback')!.sample(alive)).toMatchObject({ version: 1 });
    expect(ids).toEqual([
      'lifecycle-by-hand-1',
      'intake-by-hand-1',
      'training-by-hand-1',
      'review-by-hand-1',
      'rollout-2',
      'rollback-stable-drill-1',
      'rounds-by-hand',
      'treasury-watch-by-hand',
    ]);
  });
});

describe('how often a schedule runs', () => {
  it.each([
    ['24 hours', 86_400],
    ['1 minute', 60],
    ['7 days', 604_800],
    ['52 weeks', 31_449_600],
    ['10 years', 315_576_000],
  ])('may be %s', (every, seconds) => {
    expect(secondsOf(every)).toBe(seconds);
    expect(intervalFindings(every)).toEqual([]);
  });
  it.each(['', 'daily', '0 hours', '-1 days', '1.5 hours', '30 seconds', '11 years', '24'])(
    'may not be "%s"',
    (every) =>
      expect(intervalFindings(every)).toMatchObject([{ path: 'every', remedy: expect.stringContaining('24 hours') }]),
  );
});
