import type { Clients } from '@livepod/client';
import type { Fleet } from './reporter.js';

/** The fleet canister, called with the pod's own identity. */
export const canisterFleet = (clients: Pick<Clients, 'fleet'>): Fleet => ({
  async report(report) {
    await clients.fleet.report({ ...report, release: BigInt(report.release), sequence: BigInt(report.sequence) });
  },
});
