import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StateFile } from '../state/state.js';
import { Attempts, countIn } from './attempts.js';

const ID = `sha256:${'a'.repeat(64)}`;
const OTHER = `sha256:${'b'.repeat(64)}`;
const installed = (checkpoint: string) => ({ checkpoint, version: 1, release: null });

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pod-attempts-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** As after a restart. */
const state = (): StateFile => new StateFile(folder, new Uint8Array([1]));
const attempts = (): Attempts => new Attempts(state());
/** A start that takes the pod down with it: nothing is written after its beginning. */
function endsWhileStarting(checkpoint = ID): void {
  const kept = state();
  void new Attempts(kept).noted(checkpoint, () => new Promise(() => {}));
}

describe('a model that takes the device down while it is started', () => {
  it('is tried once where another model is there, and three times where it is alone', () => {
    expect([attempts().areSpent(installed(ID), true), attempts().areSpent(installed(ID), false)]).toEqual([
      false,
      false,
    ]);
    endsWhileStarting();
    expect([attempts().areSpent(installed(ID), true), attempts().areSpent(installed(ID), false)]).toEqual([
      true,
      false,
    ]);
    endsWhileStarting();
    expect(attempts().areSpent(installed(ID), false)).toBe(false);
    endsWhileStarting();
    expect(attempts().areSpent(installed(ID), false)).toBe(true);
  });

  it('counts against no other', () => {
    endsWhileStarting();
    endsWhileStarting(OTHER);
    endsWhileStarting();
    expect(state().value.starting).toEqual([
      { checkpoint: OTHER, times: 1 },
      { checkpoint: ID, times: 2 },
    ]);
  });

  it('is written down before it is touched', async () => {
    const kept = state();
    let noted: unknown;
    await new Attempts(kept).noted(ID, async () => {
      noted = state().value.starting;
    });
    expect(noted).toEqual([{ checkpoint: ID, times: 1 }]);
  });
});

describe('a start that ended', () => {
  it('well or with an error that was told, is forgotten', async () => {
    endsWhileStarting();
    expect(await attempts().noted(ID, async () => 5)).toBe(5);
    expect(state().value.starting).toEqual([]);
    await expect(attempts().noted(ID, () => Promise.reject(new Error('refused')))).rejects.toThrow('refused');
    expect(state().value.starting).toEqual([]);
  });
});

describe('the list of starts', () => {
  it('holds eight checkpoints: the oldest is forgotten', () => {
    const value = structuredClone(state().value);
    for (let one = 0; one < 9; one += 1) countIn(value, `sha256:${String(one).repeat(64)}`, 1);
    expect(value.starting).toHaveLength(8);
    expect(value.starting![0]!.checkpoint).toBe(`sha256:${'1'.repeat(64)}`);
  });
});
