import type { Id } from './principals.js';
import type { QueryCall } from './queries.js';
import type { IncomingCall, Subnet } from './subnet.js';

/**
 * What answers at ids that no canister has, as the management canister. Whoever makes a subnet plugs it in; the core
 * knows of it no more than this.
 */
export interface Services {
  /** Whether one has this id now. */
  has(subnet: Subnet, id: Id): boolean;
  /**
   * Executes a call.
   *
   * @returns the instructions that the round is charged for
   * @throws Reject
   */
  execute(subnet: Subnet, id: Id, call: IncomingCall): bigint;
  /** Answers a query; undefined where no service has its id. @throws Reject */
  query(subnet: Subnet, call: QueryCall): Uint8Array | undefined;
}

/** Of a subnet that only evaluates queries of canisters. */
export const NO_SERVICES: Services = {
  has: () => false,
  execute: () => 0n,
  query: () => undefined,
};
