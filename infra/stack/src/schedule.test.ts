import { setTimeout as sleep } from 'node:timers/promises';
import { runAll, type Work } from './schedule.js';

/** Works that note when they begin and end. */
function diary(): { notes: string[]; work: (name: string, rest?: Partial<Work>) => Work } {
  const notes: string[] = [];
  const work = (name: string, rest: Partial<Work> = {}): Work => ({
    name,
    async run() {
      notes.push(`+${name}`);
      await sleep(20);
      notes.push(`-${name}`);
    },
    ...rest,
  });
  return { notes, work };
}

describe('works that are scheduled', () => {
  it('run side by side when nothing orders them', async () => {
    const { notes, work } = diary();
    await runAll([work('a'), work('b')]);
    expect(notes.slice(0, 2)).toEqual(['+a', '+b']);
  });

  it('begin when what they come after is done, and not before', async () => {
    const { notes, work } = diary();
    await runAll([work('a'), work('b', { after: ['a'] }), work('c')]);
    expect(notes.indexOf('+b')).toBeGreaterThan(notes.indexOf('-a'));
    expect(notes.indexOf('+c')).toBeLessThan(notes.indexOf('-a'));
  });

  it('come after nothing when it is not among them', async () => {
    const { notes, work } = diary();
    await runAll([work('b', { after: ['a'] })]);
    expect(notes).toEqual(['+b', '-b']);
  });

  it('of one lane run one after the other, in their order', async () => {
    const { notes, work } = diary();
    await runAll([work('a', { lane: 'go' }), work('x'), work('b', { lane: 'go' })]);
    expect(notes.filter((note) => !note.endsWith('x'))).toEqual(['+a', '-a', '+b', '-b']);
  });

  it('do not begin after one has failed; those that run are told, and waited for', async () => {
    const { notes, work } = diary();
    const told: string[] = [];
    const failing: Work = { name: 'f', run: () => Promise.reject(new Error('no network')) };
    const all = [work('a', { lane: 'go' }), failing, work('b', { lane: 'go' })];
    await expect(runAll(all, () => told.push('told'))).rejects.toThrow('no network');
    expect(notes).toEqual(['+a', '-a']);
    expect(told).toEqual(['told']);
  });

  it('report the first failure, not what it brought about', async () => {
    let stop = (): void => {};
    const stopped = new Promise<void>((_, reject) => (stop = () => reject(new Error('killed'))));
    const all: Work[] = [
      { name: 'a', run: () => stopped },
      { name: 'f', run: () => Promise.reject(new Error('no compiler')) },
    ];
    await expect(runAll(all, () => stop())).rejects.toThrow('no compiler');
  });
});
