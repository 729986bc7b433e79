import { cohortPosition, type Channel } from '@livepod/protocol';
import { StateFile, type Installed, type PodState } from '../state/state.js';
import { isRefused, isWithdrawn, mayGoBackTo, refuseIn, remember, stableOf, wantedBy, whyOf } from './wanted.js';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const POD = new Uint8Array([1, 2, 3]);
const EVERYBODY = 'f'.repeat(16);
const GOOD = `sha256:${'a'.repeat(64)}`;
const NEW = `sha256:${'b'.repeat(64)}`;
const OLD = `sha256:${'c'.repeat(64)}`;

const channel = (change: Partial<Extract<Channel, { type: 'livepod.channel/v1' }>> = {}): Channel => ({
  type: 'livepod.channel/v1',
  channel: 'stable',
  sequence: 5,
  stable: { checkpoint: GOOD, version: 3 },
  candidate: { release: 7, checkpoint: NEW, version: 4, threshold: EVERYBODY },
  reason: 'a vote',
  ...change,
});
const stable = { checkpoint: GOOD, version: 3, release: null };
const candidate = { checkpoint: NEW, version: 4, release: 7 };

let folder: string;
let state: PodState;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pod-wanted-'));
  state = structuredClone(new StateFile(folder, POD).value) as PodState;
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('what a pod is to run', () => {
  it('is the candidate when its place among the pods is in the wave, up to the last one', () => {
    const place = cohortPosition(7n, POD);
    const upTo = (threshold: bigint) =>
      channel({ candidate: { ...channel().candidate!, threshold: threshold.toString(16).padStart(16, '0') } });
    expect(wantedBy(upTo(place), state, POD)).toEqual(candidate);
    expect(wantedBy(upTo(place - 1n), state, POD)).toEqual(stable);
  });

  it('is the stable one without a candidate, and nothing without either', () => {
    expect(wantedBy(channel({ candidate: null }), state, POD)).toEqual(stable);
    expect(wantedBy(channel({ candidate: null, stable: null }), state, POD)).toBeUndefined();
    expect(stableOf(channel({ stable: null }))).toBeUndefined();
  });

  it('is no candidate that failed here, and nothing when the stable one failed here too', () => {
    refuseIn(state, candidate);
    expect(wantedBy(channel(), state, POD)).toEqual(stable);
    state.sequence = 5;
    refuseIn(state, stable);
    expect(wantedBy(channel(), state, POD)).toBeUndefined();
  });
});

describe('a refusal', () => {
  it('of a candidate holds in its release, whatever the channel says later, and in no other', () => {
    refuseIn(state, candidate);
    state.sequence = 99;
    expect(isRefused(candidate, state)).toBe(true);
    expect(isRefused({ ...candidate, release: 8 }, state)).toBe(false);
    expect(isRefused({ ...candidate, release: null }, state)).toBe(false);
    expect(isRefused({ ...candidate, checkpoint: GOOD }, state)).toBe(false);
  });

  it('of a stable checkpoint holds until the channel moves on', () => {
    state.sequence = 5;
    refuseIn(state, stable);
    expect(isRefused(stable, state)).toBe(true);
    state.sequence = 6;
    expect(isRefused(stable, state)).toBe(false);
  });

  it('is one of fifty: the oldest are forgotten', () => {
    for (let release = 1; release <= 51; release += 1) refuseIn(state, { ...candidate, release });
    expect(state.refused).toHaveLength(50);
    expect(isRefused({ ...candidate, release: 1 }, state)).toBe(false);
    expect(isRefused({ ...candidate, release: 2 }, state)).toBe(true);
    expect(isRefused({ ...candidate, release: 51 }, state)).toBe(true);
  });
});

describe('what the channel withdrew', () => {
  const had = (change: Partial<Installed>): Installed => ({ checkpoint: OLD, version: 3, release: null, ...change });

  it('is a candidate whose release is over without it', () => {
    expect(isWithdrawn(had({ checkpoint: NEW, release: 7 }), channel({ candidate: null }))).toBe(true);
    expect(isWithdrawn(had({ checkpoint: NEW, release: 6 }), channel())).toBe(true);
    expect(isWithdrawn(had({ checkpoint: OLD, release: 7 }), channel())).toBe(true);
    expect(isWithdrawn(candidate, channel())).toBe(false);
  });

  it('is no candidate that became the stable checkpoint', () => {
    expect(isWithdrawn(had({ checkpoint: GOOD, release: 6, version: 9 }), channel({ candidate: null }))).toBe(false);
  });

  it('is a version above the one that it was rolled back to, and none up to that', () => {
    expect(isWithdrawn(had({ version: 4 }), channel())).toBe(true);
    expect(isWithdrawn(had({ version: 3 }), channel())).toBe(false);
    expect(isWithdrawn(had({ version: 2 }), channel())).toBe(false);
    expect(isWithdrawn(had({ version: 4 }), channel({ stable: null }))).toBe(false);
  });

  it('is not gone back to; nor is a candidate that never became stable', () => {
    expect(mayGoBackTo(had({ version: 4 }), channel())).toBe(false);
    expect(mayGoBackTo(candidate, channel())).toBe(false);
    expect(mayGoBackTo(had({ version: 2 }), channel())).toBe(true);
    expect(mayGoBackTo(had({ checkpoint: GOOD, release: 6 }), channel())).toBe(true);
    expect(mayGoBackTo(candidate, channel({ stable: null }))).toBe(false);
  });
});

describe('a pod’s history', () => {
  it('says why, and holds two hundred lines: the newest', () => {
    for (let version = 1; version <= 201; version += 1) remember(state, version, 'x');
    expect(state.history).toHaveLength(200);
    expect([state.history[0]!.version, state.history.at(-1)]).toEqual([
      2,
      { version: 201, why: 'x', at: expect.stringMatching(/^\d{4}-.*Z$/) },
    ]);
    expect(whyOf(channel(), stable)).toBe('channel stable, sequence 5: a vote');
    expect(whyOf(channel(), candidate)).toBe('release 7, in the present wave');
  });
});
