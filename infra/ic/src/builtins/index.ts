import { idOf, type Id } from '../subnet/principals.js';
import type { IncomingCall, Subnet } from '../subnet/subnet.js';
import { callBuiltin, type Builtin } from './builtin.js';
import { cyclesLedger } from './cycles-ledger.js';
import { cyclesMinter, type Redeemed } from './cycles-minter.js';
import { icpLedger } from './icp-ledger.js';
import type { LedgerState } from './ledger.js';

export { candidOf, type Builtin } from './builtin.js';

export const BUILTINS: readonly Builtin[] = [icpLedger, cyclesMinter, cyclesLedger];

declare module '../subnet/subnet.js' {
  interface ServiceState {
    icp?: LedgerState;
    cycles?: LedgerState;
    /** What blocks of ICP were turned into. */
    redeemed?: Map<number, Redeemed>;
  }
}

/** The built-in with an id, unless a canister has taken its place. */
export function builtinAt(subnet: Subnet, id: Id): Builtin | undefined {
  return subnet.canisters.has(id) ? undefined : BUILTINS.find((builtin) => builtin.id === id);
}

/** @throws Reject */
export function executeBuiltin(subnet: Subnet, builtin: Builtin, call: IncomingCall): void {
  subnet.processing(call.origin);
  const made = { subnet, caller: idOf(call.caller), cycles: call.cycles };
  const data = callBuiltin(builtin, made, call.method, call.arg, 'update');
  subnet.respond(call.origin, { kind: 'reply', data }, made.cycles);
}

/** @throws Reject */
export function queryBuiltin(
  subnet: Subnet,
  builtin: Builtin,
  caller: Id,
  method: string,
  arg: Uint8Array,
): Uint8Array {
  return callBuiltin(builtin, { subnet, caller, cycles: 0n }, method, arg, 'query');
}
