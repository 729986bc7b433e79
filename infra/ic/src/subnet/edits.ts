import { PAGE } from '../execution/stable-memory.js';
import { emptyMemory } from './snapshot.js';
import type { Canister } from './canister.js';
import { textOf, type Id } from './principals.js';
import { Reject, type Rejection } from './reject.js';
import type { Subnet } from './subnet.js';

/** Calls of a canister that are rejected instead of executed, so many times. */
export interface CallFault {
  canister: Id;
  method?: string;
  rejection: Rejection;
  times: number;
}

/** A change that only the control face makes: input of a round, so that a restart makes it again. */
export type Edit =
  | { kind: 'addCycles'; canister: Id; amount: bigint }
  | { kind: 'setStableMemory'; canister: Id; content: Uint8Array }
  | { kind: 'rejectCalls'; fault: CallFault }
  | { kind: 'forgetFaults' };

/** A change of a canister that is not there is none. */
export function applyEdit(subnet: Subnet, edit: Edit): void {
  switch (edit.kind) {
    case 'addCycles': {
      const canister = subnet.canisters.get(edit.canister);
      if (canister) canister.state.cycles += edit.amount;
      return;
    }
    case 'setStableMemory': {
      const canister = subnet.canisters.get(edit.canister);
      if (canister) setStable(canister, edit.content);
      return;
    }
    case 'rejectCalls':
      subnet.state.faults = [...(subnet.state.faults ?? []), edit.fault];
      return;
    case 'forgetFaults':
      subnet.state.faults = undefined;
  }
}

function setStable(canister: Canister, content: Uint8Array): void {
  canister.stable = emptyMemory(
    canister.pages,
    Math.max(Math.ceil(content.length / PAGE) * PAGE, canister.stable.size * PAGE),
  );
  canister.stable.write(0, content);
  canister.stable.commit();
}

/** @throws Reject when a fault was injected for this call */
export function throwFault(subnet: Subnet, canister: Id, method: string): void {
  const fault = subnet.state.faults?.find(
    (one) => one.canister === canister && one.times > 0 && (one.method ?? method) === method,
  );
  if (!fault) return;
  fault.times -= 1;
  const rejected = new Reject('engine', `Injected fault: ${fault.rejection.message} (${textOf(canister)})`);
  Object.assign(rejected.rejection, fault.rejection);
  throw rejected;
}
