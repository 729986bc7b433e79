import type { Clients } from '@livepod/client';
import type { Fleet } from './reporter.js';

/** The fleet canister, called with the pod's own identity. */
export const canisterFleet = (clients: Pick<Clients, 'fleet'>): Fleet => ({
  async report(report) {
    const { release, sequence, judged, apart, before, ...rest } = report;
    await clients.fleet.report({
      ...rest,
      release: BigInt(release),
      sequence: BigInt(sequence),
      judged: judged === undefined ? [] : [judged],
      apart: apart ? [apart] : [],
      before: before ? [before] : [],
    });
  },
});
