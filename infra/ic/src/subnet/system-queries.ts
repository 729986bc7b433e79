import { builtinAt, queryBuiltin } from '../builtins/index.js';
import { manageQuery } from '../management/manage.js';
import { idOf, MANAGEMENT } from './principals.js';
import type { QueryCall } from './queries.js';
import type { Subnet } from './subnet.js';

/** Answers queries of the management canister and of built-ins; undefined where there is neither. @throws Reject */
export function systemQuery(subnet: Subnet, { to, caller, method, arg }: QueryCall): Uint8Array | undefined {
  if (to === MANAGEMENT) return manageQuery(subnet, idOf(caller), method, arg);
  const builtin = builtinAt(subnet, to);
  return builtin && queryBuiltin(subnet, builtin, idOf(caller), method, arg);
}
