import type { Principal } from '@dfinity/principal';
import type { Canister, Change, Origin } from '../subnet/canister.js';
import { idOf, textOf, type Id } from '../subnet/principals.js';
import { Reject } from '../subnet/reject.js';
import type { Subnet } from '../subnet/subnet.js';

/** One call of the management canister, as its methods see it. */
export interface Request {
  subnet: Subnet;
  caller: Id;
  origin: Origin;
  /** The calling canister, if it is one. */
  canister?: Canister;
  /** The version of itself that a calling canister named. */
  senderVersion?: bigint;
  /** Cycles sent along; methods take what they need, the rest goes back. */
  cycles: bigint;
  /** Instructions that Wasm used on behalf of the call. */
  instructions: bigint;
}

/** A method returns its results, or `later` when it will answer the origin itself. */
export type Method = {
  // A method's parameter, so that each may name the shape it decodes to: that of its Candid type, checked when it is
  // decoded.
  act(request: Request, argument: unknown): unknown[] | 'later';
}['act'];

/** @throws Reject `canisterNotFound` · `invalidController` */
export function controlled(request: Request, canisterId: Principal): Canister {
  const canister = existing(request, canisterId);
  if (canister.isControlledBy(request.caller)) return canister;
  throw new Reject(
    'invalidController',
    `Only controllers of canister ${textOf(canister.id)} can call ic00 method; ${textOf(request.caller)} is ` +
      'none of them',
  );
}

/** @throws Reject `canisterNotFound` */
export function existing(request: Pick<Request, 'subnet'>, canisterId: Principal): Canister {
  const id = idOf(canisterId.toUint8Array());
  const canister = request.subnet.canisters.get(id);
  if (!canister) throw new Reject('canisterNotFound', `Canister ${textOf(id)} not found.`);
  return canister;
}

export function recordChange(request: Request, canister: Canister, what: Change): void {
  canister.record(
    request.subnet.state.time,
    {
      id: request.caller,
      isCanister: request.canister !== undefined || request.origin.kind === 'task',
      version: request.senderVersion,
    },
    what,
  );
}
