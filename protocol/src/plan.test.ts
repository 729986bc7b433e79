import {
  badPermilleOf,
  DEFAULT_PLAN,
  MAX_SOAK_SECONDS,
  MAX_WAVES,
  parsePlan,
  PlanError,
  planInWords,
  podsOfWave,
  wavesOf,
  type Plan,
} from './index.js';

const gate = { minWindows: 40, maxCorrectionPermille: 250, maxErrors: 0 };
const fast = { shares: [1000], soakSeconds: 8, gate };

/** Everything that is wrong with a plan: `field problem`. */
function wrong(plan: unknown): string[] {
  try {
    parsePlan(plan);
    return [];
  } catch (error) {
    return (error as PlanError).all.map(({ field, problem }) => `${field} ${problem}`);
  }
}
const remedies = (plan: unknown): string[] => {
  try {
    parsePlan(plan);
    return [];
  } catch (error) {
    return (error as PlanError).all.map(({ remedy }) => remedy);
  }
};

describe('a plan', () => {
  it.each<[string, (value: unknown) => object, number, number]>([
    ['soakSeconds', (soakSeconds) => ({ ...fast, soakSeconds }), 0, MAX_SOAK_SECONDS],
    ['gate.minWindows', (minWindows) => ({ ...fast, gate: { ...gate, minWindows } }), 0, 4e9],
    ['gate.maxCorrectionPermille', (max) => ({ ...fast, gate: { ...gate, maxCorrectionPermille: max } }), 0, 1000],
    ['gate.maxErrors', (maxErrors) => ({ ...fast, gate: { ...gate, maxErrors } }), 0, 4e9],
    ['gate.minPods', (minPods) => ({ ...fast, gate: { ...gate, minPods } }), 1, 4e9],
    ['gate.minPodWindows', (minPodWindows) => ({ ...fast, gate: { ...gate, minPodWindows } }), 0, 4e9],
    ['gate.maxBadPermille', (maxBadPermille) => ({ ...fast, gate: { ...gate, maxBadPermille } }), 0, 1000],
    ['waves[0]', (pods) => ({ waves: [pods], soakSeconds: 8, gate }), 1, 4e9],
    ['shares[0]', (share) => ({ ...fast, shares: [share, 1000] }), 1, 999],
  ])('has %s within its bounds, to the last number', (field, planOf, min, max) => {
    for (const value of [min, max]) expect(parsePlan(planOf(value))).toMatchObject(planOf(value));
    for (const value of [min - 1, min + 0.5, String(min), null, Number.NaN])
      expect(wrong(planOf(value))).toEqual([`${field} is ${JSON.stringify(value)}, which does not fit`]);
    expect(wrong(planOf(max + 1))).toHaveLength(1);
  });

  it('leaves unsaid what has a usual value', () => {
    const read = parsePlan({ ...fast, gate: { ...gate, minPods: undefined } });
    expect(read).toEqual({ ...fast, skippableSoak: false });
    expect(Object.keys(read.gate)).toEqual(['minWindows', 'maxCorrectionPermille', 'maxErrors']);
    expect(parsePlan({ ...fast, skippableSoak: true }).skippableSoak).toBe(true);
    expect(wrong({ ...fast, skippableSoak: 'yes' })).toEqual(['skippableSoak is "yes", which does not fit']);
    expect(badPermilleOf(gate)).toBe(500);
    expect(badPermilleOf({ ...gate, maxBadPermille: 0 })).toBe(0);
  });

  it.each([
    [undefined, ' is missing'],
    [null, ' is null, which is no object'],
    [[fast], expect.stringContaining('which is no object')],
    ['fast', ' is "fast", which is no object'],
  ])('is an object and not %j', (value, problem) => expect(wrong(value)).toEqual([problem]));

  it('says everything that is wrong with it at once, each with what to do', () => {
    expect(wrong({ soakSecs: 1, gate: { minWindow: 1 }, skippableSoak: 1 })).toEqual([
      'soakSecs is not a field of this input',
      'gate.minWindow is not a field of this input',
      'soakSeconds is missing',
      'gate.minWindows is missing',
      'gate.maxCorrectionPermille is missing',
      'gate.maxErrors is missing',
      'skippableSoak is 1, which does not fit',
      'shares is missing',
    ]);
    expect(remedies({ ...fast, soakSecnds: 1, else: 1 })).toEqual([
      'Leave it out, or call it "soakSeconds"',
      'Leave it out, or use one of shares, waves, soakSeconds, gate, skippableSoak',
    ]);
    expect(wrong({ ...fast, gate: undefined })).toEqual(['gate is missing']);
    expect(wrong({ ...fast, gate: [] })).toEqual(['gate is [], which is no object']);
    expect(wrong({})).toEqual(['gate is missing', 'soakSeconds is missing', 'shares is missing']);
  });

  it('is refused by a sentence that names the first of it', () => {
    expect(() => parsePlan({ ...fast, soakSeconds: -1, shares: 1 })).toThrow(
      `plan.soakSeconds is -1, which does not fit. Give a whole number from 0 to ${MAX_SOAK_SECONDS}.`,
    );
    expect(() => parsePlan(null)).toThrow('plan is null, which is no object. Give one JSON object with shares, ');
  });

  it('does not quote more than a line of what does not fit', () => {
    const of = (text: string) => wrong({ ...fast, soakSeconds: text })[0]!;
    expect(of('x'.repeat(58))).toContain(`"${'x'.repeat(58)}",`);
    expect(of('x'.repeat(59))).toContain(`"${'x'.repeat(56)}…,`);
    expect(wrong({ ...fast, soakSeconds: () => 1 })).toEqual(['soakSeconds is function, which does not fit']);
  });

  it('does not hide a mistake of ours as one of its author', () => {
    const trap = Object.defineProperty({ ...fast }, 'gate', {
      enumerable: true,
      get: () => {
        throw new RangeError('ours');
      },
    });
    expect(() => parsePlan(trap)).toThrow(RangeError);
  });
});

describe('the waves of a plan', () => {
  it('grow, and are as many as they may be', () => {
    const growing = (count: number) => Array.from({ length: count }, (_, at) => at + 1);
    expect(parsePlan({ waves: growing(MAX_WAVES), soakSeconds: 1, gate })).toMatchObject({ waves: growing(MAX_WAVES) });
    expect(wrong({ waves: growing(MAX_WAVES + 1), soakSeconds: 1, gate })).toEqual(['waves has 21 entries']);
    expect(wrong({ ...fast, shares: [] })).toEqual(['shares has 0 entries']);
    expect(wrong({ ...fast, shares: 'all' })).toEqual(['shares is no list']);
    expect(wrong({ ...fast, shares: { length: 1, 0: 1000 } })).toEqual(['shares is no list']);
    expect(wrong({ ...fast, shares: undefined })).toEqual(['shares is missing']);
    expect(wrong({ ...fast, shares: [5, 4, 1000] })).toEqual(['shares[1] is not larger than the wave before it']);
    expect(wrong({ ...fast, shares: [5, 6, 6] })).toEqual(['shares[2] is not larger than the wave before it']);
    expect(wrong({ ...fast, shares: [5, 999] })).toEqual(['shares[1] is not 1000, the whole fleet']);
    expect(wrong({ ...fast, waves: [1] })).toEqual(['waves and "shares" are both given']);
  });

  it('reach one pod at least, and every pod at last', () => {
    const shares: Plan = { shares: [1, 500, 1000], soakSeconds: 1, gate };
    expect([1, 2, 3, 4].map((wave) => podsOfWave(shares, wave, 5))).toEqual([1, 3, 5, 5]);
    const waves: Plan = { waves: [2, 9], soakSeconds: 1, gate };
    expect([1, 2, 3].map((wave) => podsOfWave(waves, wave, 5))).toEqual([2, 5, 5]);
    expect(podsOfWave(waves, 1, 1)).toBe(1);
    expect([wavesOf(shares), wavesOf(waves), wavesOf(DEFAULT_PLAN)]).toEqual([3, 2, 4]);
  });

  it.each([
    [0, '0 s'],
    [1, '1 s'],
    [3599, '3599 s'],
    [3600, '1 h'],
    [5400, '5400 s'],
    [7200, '2 h'],
    [86_400, '1 d'],
    [90_000, '25 h'],
    [172_800, '2 d'],
  ])('soak for %i seconds, which voters read as %s', (soakSeconds, shown) =>
    expect(planInWords({ ...fast, soakSeconds })).toContain(` ${shown} and `),
  );

  it('are counted for voters, one and many', () => {
    const words = (plan: Partial<Plan>) => planInWords({ ...fast, ...plan } as Plan);
    expect(words({})).toBe(
      'in 1 wave (every pod), 8 s and 40 windows each, stopped when, half-way through a soak or at its end, more ' +
        'than 500 of 1000 pods are corrected on more than 250 of 1000 windows, judged by at least 3 pods with ' +
        '14 windows each where the wave reaches so many, or when more than 0 pods find the checkpoint itself at fault',
    );
    expect(words({ gate: { ...gate, minWindows: 1, minPods: 1, maxErrors: 1 }, skippableSoak: true })).toMatch(
      / and 1 window each unless an operator ends a soak early, .* 1 pod with 1 window each .* 1 pod finds /,
    );
    expect(words({ gate: { ...gate, minWindows: 0 } })).toContain('3 pods with 1 window each');
    expect(words({ gate: { ...gate, minPodWindows: 0 } })).toContain('3 pods with 1 window each');
    expect(words({ gate: { ...gate, minPodWindows: 7 } })).toContain('3 pods with 7 windows each');
    expect(words({ shares: [5, 1000] })).toMatch(/^in 2 waves \(0\.5 %, every pod\)/);
    expect(words({ shares: undefined, waves: [1, 2, 3] } as never)).toMatch(/^in 3 waves \(1 pod, 2 pods, every pod\)/);
  });
});
