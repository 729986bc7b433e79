import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '@livepod/stack';
import { PARTIES, worst, type Played } from './attack.js';
import { attacks } from './parties/index.js';
import { counted, lines } from './report.js';

describe('the attacks', () => {
  it('each name a test that is there', () => {
    expect(attacks.filter(({ test }) => !existsSync(join(root, test))).map(({ test }) => test)).toEqual([]);
  });

  it('have names of their own, and every party has some', () => {
    const names = attacks.map(({ party, name }) => `${party}: ${name}`);
    expect(new Set(names).size).toBe(names.length);
    expect(Object.keys(PARTIES).filter((party) => !attacks.some((attack) => attack.party === party))).toEqual([]);
  });

  it('come to the worst of what was tried, and to broken when nothing was', () => {
    const played = (outcome: Played['outcome']): Played => ({ outcome, why: outcome });
    expect(worst([played('nothing'), played('delay')]).outcome).toBe('delay');
    expect(worst([played('broken'), played('nothing')]).outcome).toBe('broken');
    expect(worst([]).outcome).toBe('broken');
  });

  it('are counted in the last line', () => {
    const cell = { party: 'pod', attack: 'reports', why: 'refused', seed: 1 } as const;
    expect(counted([{ ...cell, outcome: 'delay' }])).toEqual({ nothing: 0, delay: 1, broken: 0 });
    expect(lines([{ ...cell, outcome: 'nothing' }]).at(-1)).toBe('1 attacks: 1 nothing, 0 delay, 0 broken');
  });
});
