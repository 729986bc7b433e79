import { builtinAt, executeBuiltin, queryBuiltin } from './builtins/index.js';
import { manage, manageQuery } from './management/manage.js';
import { executionFee } from './subnet/cycles.js';
import { idOf, MANAGEMENT } from './subnet/principals.js';
import type { Services } from './subnet/services.js';

/** The management canister, and the built-ins where no canister has taken their place. */
export const SERVICES: Services = {
  has: (subnet, id) => id === MANAGEMENT || builtinAt(subnet, id) !== undefined,

  execute(subnet, id, call) {
    if (id === MANAGEMENT) return manage(subnet, call);
    executeBuiltin(subnet, builtinAt(subnet, id)!, call);
    return executionFee(0n);
  },

  query(subnet, { to, caller, method, arg }) {
    if (to === MANAGEMENT) return manageQuery(subnet, idOf(caller), method, arg);
    const builtin = builtinAt(subnet, to);
    return builtin && queryBuiltin(subnet, builtin, idOf(caller), method, arg);
  },
};
