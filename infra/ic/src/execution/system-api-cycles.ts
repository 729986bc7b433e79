import { canisterId, idOf, textOf } from '../subnet/principals.js';
import { COST, joined, type Access, type Functions } from './access.js';
import { ALL } from './contexts.js';
import { pending } from './system-api-calls.js';
import { Trap } from './trap.js';

const ACCEPTING = 'U RQ Ry Rt';
const ATTACHING = 'U Ry Rt T';
/** Source: dfinity/ic `rs/nns/constants`. */
const CYCLES_MINTER = canisterId(4n);

/** Cycles: of the canister, with the message, and with calls. */
export function cyclesApi(access: Access): Functions {
  return { ...balanceApi(access), ...receivedApi(access), ...spentApi(access) };
}

/** What a function tells as a number of 64 bits. @throws Trap `trapped` beyond that */
function narrow(value: bigint): bigint {
  if (value >= 1n << 64n) throw new Trap('trapped', 'cycles amount exceeds 64-bit representation');
  return value;
}

/** Beyond what keeps the canister from being frozen. */
function liquid({ message, around }: Access): bigint {
  const left = message().balance - around.freezingThreshold();
  return left > 0n ? left : 0n;
}

/** A function that writes an amount of 128 bits. */
function told(access: Access, roles: string, name: string, amount: () => bigint): Functions {
  return { [name]: [roles, COST, (target: number) => access.amount(name, target, amount())] };
}

function balanceApi(access: Access): Functions {
  const { message } = access;
  return {
    canister_cycle_balance: [ALL, COST, () => narrow(message().balance)],
    ...told(access, ALL, 'canister_cycle_balance128', () => message().balance),
    ...told(access, ALL, 'canister_liquid_cycle_balance128', () => liquid(access)),
  };
}

function receivedApi(access: Access): Functions {
  const { message } = access;
  const accept = (atMost: bigint): bigint => {
    const accepted = atMost < message().available ? atMost : message().available;
    message().available -= accepted;
    message().balance += accepted;
    return accepted;
  };
  const accept128 = (high: bigint, low: bigint, target: number): void =>
    access.amount('msg_cycles_accept128', target, accept(joined(high, low)));
  return {
    msg_cycles_available: [ACCEPTING, COST, () => narrow(message().available)],
    ...told(access, ACCEPTING, 'msg_cycles_available128', () => message().available),
    msg_cycles_refunded: ['Ry Rt', COST, () => narrow(message().refunded)],
    ...told(access, 'Ry Rt', 'msg_cycles_refunded128', () => message().refunded),
    msg_cycles_accept: [ACCEPTING, COST, (atMost: bigint) => accept(BigInt.asUintN(64, atMost))],
    msg_cycles_accept128: [ACCEPTING, COST, accept128],
  };
}

function spentApi(access: Access): Functions {
  const { message, around } = access;
  const burn = (high: bigint, low: bigint, target: number): void => {
    const wanted = joined(high, low);
    const most = liquid(access);
    const burnt = wanted < most ? wanted : most;
    message().balance -= burnt;
    message().burnt += burnt;
    access.amount('cycles_burn128', target, burnt);
  };
  const mint = (high: bigint, low: bigint, target: number): void => {
    const self = idOf(around.self);
    if (self !== CYCLES_MINTER) {
      throw new Trap(
        'contractViolation',
        `ic0.mint_cycles128 cannot be executed on non Cycles Minting Canister: ${textOf(self)} != ` +
          `${textOf(CYCLES_MINTER)}`,
      );
    }
    message().balance += joined(high, low);
    access.amount('mint_cycles_128', target, joined(high, low));
  };
  const attach = (name: string, amount: bigint): void => {
    const call = pending(message(), name);
    if (message().balance - amount < around.freezingThreshold()) {
      throw new Trap(
        'insufficientCyclesInCall',
        `Canister is out of cycles: it cannot attach ${amount} cycles with a balance of ${message().balance}`,
      );
    }
    message().balance -= amount;
    call.cycles = (call.cycles ?? 0n) + amount;
  };
  const attach64 = (amount: bigint): void => attach('ic0_call_cycles_add', BigInt.asUintN(64, amount));
  const attach128 = (high: bigint, low: bigint): void => attach('ic0_call_cycles_add128', joined(high, low));
  return {
    cycles_burn128: ['I G U RQ Ry Rt C T', COST, burn],
    mint_cycles128: [ATTACHING, COST, mint],
    call_cycles_add: [ATTACHING, COST, attach64],
    call_cycles_add128: [ATTACHING, COST, attach128],
  };
}
