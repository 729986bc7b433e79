import type { Fleet } from '@livepod/client';
import { broken, nothing, refused, type Attack } from '../attack.js';
import type { Ground } from '../ground.js';

const FLEET = 'canisters/fleet/src/tests/reports.rs';

const word = (state: object): string => Object.keys(state)[0]!;

const report = (release: Fleet.Release, change: Partial<Fleet.Report> = {}): Fleet.Report => ({
  release: release.id,
  version: release.version,
  sequence: 1n,
  event: { health: null },
  windows: 10,
  corrections: 0,
  errors: 0,
  judged: [],
  apart: [],
  before: [],
  ...change,
});

const stateOf = async (ground: Ground): Promise<Fleet.Release> =>
  (await (await ground.as('anonymous')).fleet.get_release(ground.rolling.id))!;

export const pod: Attack[] = [
  {
    party: 'pod',
    name: 'reports without being enrolled',
    test: FLEET,
    async play(ground) {
      const { fleet } = await ground.as('stranger');
      return refused(ground, ['rejected'], () => fleet.report(report(ground.rolling)));
    },
  },
  {
    party: 'pod',
    name: 'fills the fleet with keys of its own',
    test: 'canisters/fleet/src/tests/enrolment.rs',
    async play(ground) {
      const { fleet } = await ground.as('stranger');
      return refused(ground, ['rejected'], () => fleet.enrol({ name: 'one of many', channel: 'rolling', voucher: [] }));
    },
  },
  {
    party: 'pod',
    name: 'reports on a release that has not reached it',
    test: FLEET,
    async play(ground) {
      const { fleet } = ground.pods.unreached;
      return refused(ground, ['notExposed'], () => fleet.report(report(ground.rolling)));
    },
  },
  {
    party: 'pod',
    name: 'reports more than anybody can have counted',
    test: FLEET,
    async play(ground) {
      const { fleet } = ground.pods.reached;
      for (const change of [{ windows: 2_000_000 }, { corrections: 11 }, { errors: 2_000_000 }, { sequence: 0n }]) {
        const played = await refused(ground, ['invalid'], () => fleet.report(report(ground.rolling, change)));
        if (played.outcome === 'broken') return broken(`${Object.keys(change)[0]}: ${played.why}`);
      }
      return nothing('four times refused as invalid');
    },
  },
  {
    party: 'pod',
    name: 'claims a million windows in a minute',
    test: FLEET,
    async play(ground) {
      const { fleet } = ground.pods.reached;
      const change = { windows: 1_000_000, sequence: 50n };
      return refused(ground, ['limitExceeded'], () => fleet.report(report(ground.rolling, change)));
    },
  },
  {
    party: 'pod',
    name: 'sends a sentence in the place of a code',
    test: FLEET,
    async play(ground) {
      const { fleet } = ground.pods.reached;
      const change = { event: { failed: "diskFull: ada's disk, /home/ada" }, sequence: 50n };
      return refused(ground, ['invalid'], () => fleet.report(report(ground.rolling, change)));
    },
  },
  {
    party: 'pod',
    name: 'sends a report again and again',
    test: FLEET,
    async play(ground) {
      const { fleet } = ground.pods.reached;
      await fleet.report(report(ground.rolling, { sequence: 100n }));
      const { windows } = await stateOf(ground);
      for (let turn = 0; turn < 5; turn++) await fleet.report(report(ground.rolling, { sequence: 100n }));
      const after = await stateOf(ground);
      return after.windows === windows ? nothing('it counts once') : broken(`${after.windows - windows} windows more`);
    },
  },
  {
    party: 'pod',
    name: 'stops a release for all others by its reports alone',
    test: FLEET,
    async play(ground) {
      const { fleet } = ground.pods.reached;
      for (let turn = 200n; turn < 220n; turn++)
        await fleet.report(
          report(ground.rolling, {
            sequence: turn,
            windows: 40,
            corrections: 40,
            judged: [40],
            errors: 9_999,
            event: { failed: 'other: ' },
          }),
        );
      const { state, errors } = await stateOf(ground);
      return word(state) === 'rolling'
        ? nothing(`the release rolls on; the pod counts as ${errors} of those that found it at fault`)
        : broken(`the release is ${word(state)}`);
    },
  },
];
