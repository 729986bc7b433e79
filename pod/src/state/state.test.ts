import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readIfThere, removeIfThere } from './disk.js';
import { floorInMemory } from './floor.js';
import { otherSlot, StateFile, type PodState } from './state.js';

const POD = new Uint8Array([1, 2, 3]);
const ID = `sha256:${'a'.repeat(64)}`;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pod-state-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const file = (): string => join(folder, 'pod.json');
const read = (): StateFile => new StateFile(folder, POD);

/** A state with something of everything. */
const FULL: PodState = {
  pod: '010203',
  phase: 'probation',
  sequence: 5,
  active: 'a',
  previous: 'b',
  slots: {
    a: { checkpoint: ID, version: 4, release: 7 },
    b: { checkpoint: ID, version: 3, release: null },
    bootstrap: null,
  },
  probationStarts: 0,
  refused: [{ checkpoint: ID, release: 6, sequence: 4 }],
  starting: [{ checkpoint: ID, times: 1 }],
  reports: {
    next: 12,
    waiting: [
      { release: 7, version: 4, sequence: 11, event: { installed: null }, windows: 0, corrections: 0, errors: 0 },
      {
        release: 7,
        version: 4,
        sequence: 12,
        event: { failed: 'x: ' },
        windows: 1,
        judged: 1,
        corrections: 1,
        errors: 2,
      },
    ],
  },
  history: [{ version: 4, at: '2026-01-01T00:00:00.000Z', why: 'x' }],
};
/** Whether a file that says this is the pod's state. */
function isBelieved(content: unknown): boolean {
  writeFileSync(file(), JSON.stringify(content));
  const { movedAside, value } = read();
  if (movedAside) expect(value).toMatchObject({ sequence: 0, active: null, phase: 'following' });
  rmSync(`${file()}.damaged`, { force: true });
  return movedAside === undefined;
}

describe('a pod’s state', () => {
  it('is none at first; its reports are numbered from the time on, so that no number is used twice', () => {
    const { value, movedAside } = read();
    expect([value.phase, value.sequence, value.active, movedAside]).toEqual(['following', 0, null, undefined]);
    const seconds = Date.now() / 1000;
    expect(value.reports.next).toBeLessThanOrEqual(seconds);
    expect(value.reports.next).toBeGreaterThan(seconds - 60);
  });

  it('is what was changed last, also after a restart', () => {
    const one = read();
    one.change((state) => void (state.sequence = 5));
    expect([one.value.sequence, read().value.sequence]).toEqual([5, 5]);
  });

  it('has not changed when it cannot be written', () => {
    const one = read();
    rmSync(folder, { recursive: true });
    writeFileSync(folder, 'in the way');
    expect(() => one.change((state) => void (state.sequence = 5))).toThrow(/ENOTDIR|EEXIST/);
    expect(one.value.sequence).toBe(0);
  });

  it('that is whole is believed, with what earlier versions did not write', () => {
    expect(isBelieved(FULL)).toBe(true);
    const { pod: _pod, starting: _starting, ...before } = FULL;
    const { bootstrap: _bootstrap, ...slots } = FULL.slots;
    expect(isBelieved({ ...before, slots })).toBe(true);
    expect(read().value.slots).toEqual(FULL.slots);
    expect(isBelieved({ ...FULL, active: null, previous: null, slots: { a: null, b: null, bootstrap: null } })).toBe(
      true,
    );
  });

  it('that is no state is moved aside, and can be looked at', () => {
    writeFileSync(file(), '{"half');
    expect(read().movedAside).toBe(`${file()}.damaged`);
    expect([readFileSync(`${file()}.damaged`, 'utf8'), existsSync(file())]).toEqual(['{"half', false]);
  });

  const report = (change: object) => ({ reports: { next: 12, waiting: [{ ...FULL.reports.waiting[0], ...change }] } });
  const slot = (change: object) => ({ slots: { ...FULL.slots, a: { ...FULL.slots.a, ...change } } });
  it.each<[string, object]>([
    ['another pod', { pod: '010204' }],
    ['no slots', { slots: undefined }],
    ['no phase that there is', { phase: 'resting' }],
    ['a sequence below zero', { sequence: -1 }],
    ['half a sequence', { sequence: 0.5 }],
    ['a sequence in letters', { sequence: '5' }],
    ['starts below zero', { probationStarts: -1 }],
    ['no next number of a report', { reports: { ...FULL.reports, next: null } }],
    ['a slot that there is not', { active: 'c' }],
    ['a way back to a slot that there is not', { previous: 'c' }],
    ['an active slot with nothing in it', { slots: { ...FULL.slots, a: null } }],
    ['a checkpoint that is no id', slot({ checkpoint: 'x' })],
    ['a checkpoint that ends in a path', slot({ checkpoint: `${ID}/../x` })],
    ['a checkpoint that begins with a path', slot({ checkpoint: `x/${ID}` })],
    ['a version below zero', slot({ version: -1 })],
    ['a release that is no number', slot({ release: '7' })],
    ['refusals that are no list', { refused: {} }],
    ['a refusal of nothing', { refused: [{ checkpoint: 3 }] }],
    ['a refusal of nothing after one of something', { refused: [...FULL.refused, { checkpoint: 3 }] }],
    ['starts that are no list', { starting: {} }],
    ['a start of nothing', { starting: [{ checkpoint: 3, times: 1 }] }],
    ['a start below zero times', { starting: [{ checkpoint: ID, times: -1 }] }],
    ['reports that are no list', { reports: { next: 12, waiting: {} } }],
    ['a history that is no list', { history: 'x' }],
    ['a history of no version', { history: [{ ...FULL.history[0], version: null }] }],
    ['a history of no time', { history: [{ ...FULL.history[0], at: 5 }] }],
    ['a history without a reason', { history: [{ ...FULL.history[0], why: null }] }],
    ['a report of a release in letters', report({ release: '7' })],
    ['a report of no version', report({ version: undefined })],
    ['a report of windows below zero', report({ windows: -1 })],
    ['a report of half a correction', report({ corrections: 0.5 })],
    ['a report of errors in letters', report({ errors: '0' })],
    ['a report of judged windows below zero', report({ judged: -1 })],
    ['a report without a number', report({ sequence: null })],
    ['a report of no event', report({ event: {} })],
    ['a report of an event that there is not', report({ event: { moved: 'x' } })],
    ['a report of two events', report({ event: { installed: null, health: null } })],
    ['a report of an installation with a reason', report({ event: { installed: 'x' } })],
    ['a report of health with a reason', report({ event: { health: 'x' } })],
    ['a report of a failure by a number', report({ event: { failed: 5 } })],
    ['a report of a return by a number', report({ event: { returned: 5 } })],
    [
      'a false report after a true one',
      {
        reports: { next: 12, waiting: [FULL.reports.waiting[0], { ...FULL.reports.waiting[0], windows: -1 }] },
      },
    ],
  ])('that says %s is not believed', (_, change) => expect(isBelieved({ ...FULL, ...change })).toBe(false));

  it.each([
    ['null', 'null'],
    ['a list', '[]'],
    ['cut in half', JSON.stringify(FULL).slice(0, 200)],
    ['empty', ''],
  ])('that is %s is not believed', (_, content) => {
    writeFileSync(file(), content);
    expect(read().movedAside).toBeDefined();
  });

  it.each([
    ['health', { health: null }],
    ['a return', { returned: 'corrected: ' }],
    ['a failure', { failed: 'modelDoesNotLoad: ' }],
  ])('keeps a report of %s', (_, event) => expect(isBelieved({ ...FULL, ...report({ event }) })).toBe(true));
});

describe('what is on the disk', () => {
  it('is read if it is there; what may not be read is an error, and not taken for lost', () => {
    expect(readIfThere(file())).toBeUndefined();
    mkdirSync(file());
    expect(() => readIfThere(file())).toThrow(/EISDIR/);
    expect(() => read()).toThrow(/EISDIR/);
  });

  it('is removed if it is there, with all that is in it', () => {
    mkdirSync(join(folder, 'x/y'), { recursive: true });
    removeIfThere(join(folder, 'x'));
    removeIfThere(join(folder, 'x'));
    expect(existsSync(join(folder, 'x'))).toBe(false);
  });
});

describe('the slot for the next checkpoint', () => {
  it('is never the one that runs, and never the bootstrap model’s', () => {
    expect([otherSlot('a'), otherSlot('b'), otherSlot('bootstrap'), otherSlot(null)]).toEqual(['b', 'a', 'a', 'a']);
  });
});

describe('a floor in memory', () => {
  it('goes up and never down', () => {
    const floor = floorInMemory(5);
    floor.raise(4);
    expect(floor.ms).toBe(5);
    floor.raise(6);
    expect(floor.ms).toBe(6);
  });
});
