import { callFee } from '../subnet/cycles.js';
import { canisterId, idOf, textOf } from '../subnet/principals.js';
import { INVALID_PRINCIPAL, joined, MAX_PRINCIPAL, type Access, type Functions } from './access.js';
import type { Message, OutgoingCall } from './message.js';
import { Trap } from './trap.js';

const ALL = 'I G U RQ NRQ TQ CQ Ry Rt CRy CRt C CC F T';
const CALLING = 'U CQ Ry Rt CRy CRt T';
const COST = 500;
const MAX_BEST_EFFORT = 300n;
/**
 * Within a subnet, and there is only one here: five times what goes between subnets (dfinity/ic:
 * `MULTIPLIER_MAX_SIZE_LOCAL_SUBNET`).
 */
const MAX_PAYLOAD = 10 << 20;
/** Characters of all method names that a module may export. */
const MAX_NAME = 20_000;
/** Source: dfinity/ic `rs/nns/constants`. */
const CYCLES_MINTER = canisterId(4n);
const SECOND = 1_000_000_000n;

/** Calls to other canisters, and cycles. */
export function callApi(access: Access): Functions {
  const { message } = access;
  return {
    ...cyclesApi(access),
    call_new: [
      CALLING,
      1500,
      (
        calleeAt: number,
        calleeLength: number,
        nameAt: number,
        nameLength: number,
        replyFun: number,
        replyEnv: bigint,
        rejectFun: number,
        rejectEnv: bigint,
      ) => {
        abandon(message());
        if (nameLength > MAX_NAME)
          throw new Trap(
            'contractViolation',
            `Size of method_name ${nameLength} exceeds the allowed limit of ${MAX_NAME}.`,
          );
        const method = access.text('ic0.call_new method_name', nameAt, nameLength);
        const callee = access.bytes('ic0.call_new callee_src', calleeAt, calleeLength).slice();
        if (callee.length > MAX_PRINCIPAL) throw new Trap('invalidPrincipal', INVALID_PRINCIPAL);
        message().pending = {
          callee,
          method,
          onReply: { fun: replyFun, env: replyEnv },
          onReject: { fun: rejectFun, env: rejectEnv },
          data: [],
          cycles: 0n,
          deadline: 0n,
        };
      },
    ],
    call_on_cleanup: [
      CALLING,
      COST,
      (fun: number, env: bigint) => {
        const call = pending(message(), 'ic0.call_on_cleanup');
        if (call.onCleanup)
          throw new Trap(
            'contractViolation',
            'ic0.call_on_cleanup can be called at most once between `ic0.call_new` and `ic0.call_perform`',
          );
        call.onCleanup = { fun, env };
      },
    ],
    call_data_append: [
      CALLING,
      COST,
      (address: number, length: number) => {
        const call = pending(message(), 'ic0.call_data_append');
        const size = Buffer.byteLength(call.method!) + call.data.reduce((sum, part) => sum + part.length, 0) + length;
        if (size > MAX_PAYLOAD) {
          throw new Trap(
            'contractViolation',
            `Request to ${textOf(idOf(call.callee!))}:${call.method} has a payload size of ${size}, which ` +
              `exceeds the allowed limit of ${MAX_PAYLOAD}.`,
          );
        }
        access.instance.charge(length);
        call.data.push(access.bytes('ic0.call_data_append', address, length).slice());
      },
    ],
    call_with_best_effort_response: [
      CALLING,
      COST,
      (seconds: number) => {
        const call = pending(message(), 'ic0.call_with_best_effort_response');
        if (call.deadline !== 0n)
          throw new Trap(
            'contractViolation',
            'ic0_call_with_best_effort_response failed because a timeout is already set.',
          );
        const timeout = BigInt(seconds) < MAX_BEST_EFFORT ? BigInt(seconds) : MAX_BEST_EFFORT;
        call.deadline = message().time + timeout * SECOND;
      },
    ],
    call_perform: [
      CALLING,
      5000,
      () => {
        const { data, ...call } = pending(message(), 'ic0.call_perform');
        const arg = new Uint8Array(Buffer.concat(data));
        const composite = message().role.startsWith('C') && message().role !== 'C';
        const fee = composite ? 0n : callFee(BigInt(Buffer.byteLength(call.method!) + arg.length));
        const planned = message().calls.filter((one) => Buffer.compare(one.callee, call.callee!) === 0).length;
        const affordable = composite || message().balance - fee >= access.around.freezingThreshold();
        if (!affordable || !access.around.maySend(call.callee!, planned)) {
          abandon(message());
          return 2;
        }
        message().balance -= fee;
        message().calls.push({ ...call, arg, fee } as OutgoingCall);
        message().pending = undefined;
        return 0;
      },
    ],
  };
}

function pending(message: Message, function_: string): NonNullable<Message['pending']> {
  if (!message.pending) throw new Trap('contractViolation', `${function_} called when no call is under construction.`);
  return message.pending;
}

/** Gives back the cycles of a call that was begun and not performed. */
function abandon(message: Message): void {
  message.balance += message.pending?.cycles ?? 0n;
  message.pending = undefined;
}

function cyclesApi(access: Access): Functions {
  const { message, around } = access;
  const narrow = (value: bigint): bigint => {
    if (value >= 1n << 64n) throw new Trap('trapped', 'cycles amount exceeds 64-bit representation');
    return value;
  };
  const accept = (atMost: bigint): bigint => {
    const accepted = atMost < message().available ? atMost : message().available;
    message().available -= accepted;
    message().balance += accepted;
    return accepted;
  };
  const liquid = (): bigint => {
    const left = message().balance - around.freezingThreshold();
    return left > 0n ? left : 0n;
  };
  const add = (name: string, amount: bigint): void => {
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
  return {
    msg_cycles_available: ['U RQ Ry Rt', COST, () => narrow(message().available)],
    msg_cycles_available128: [
      'U RQ Ry Rt',
      COST,
      (target: number) => access.amount('msg_cycles_available128', target, message().available),
    ],
    msg_cycles_refunded: ['Ry Rt', COST, () => narrow(message().refunded)],
    msg_cycles_refunded128: [
      'Ry Rt',
      COST,
      (target: number) => access.amount('msg_cycles_refunded128', target, message().refunded),
    ],
    msg_cycles_accept: ['U RQ Ry Rt', COST, (atMost: bigint) => accept(BigInt.asUintN(64, atMost))],
    msg_cycles_accept128: [
      'U RQ Ry Rt',
      COST,
      (high: bigint, low: bigint, target: number) =>
        access.amount('msg_cycles_accept128', target, accept(joined(high, low))),
    ],
    cycles_burn128: [
      'I G U RQ Ry Rt C T',
      COST,
      (high: bigint, low: bigint, target: number) => {
        const wanted = joined(high, low);
        const burnt = wanted < liquid() ? wanted : liquid();
        message().balance -= burnt;
        message().burnt += burnt;
        access.amount('cycles_burn128', target, burnt);
      },
    ],
    mint_cycles128: [
      'U Ry Rt T',
      COST,
      (high: bigint, low: bigint, target: number) => {
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
      },
    ],
    canister_cycle_balance: [ALL, COST, () => narrow(message().balance)],
    canister_cycle_balance128: [
      ALL,
      COST,
      (target: number) => access.amount('canister_cycle_balance128', target, message().balance),
    ],
    canister_liquid_cycle_balance128: [
      ALL,
      COST,
      (target: number) => access.amount('canister_liquid_cycle_balance128', target, liquid()),
    ],
    call_cycles_add: ['U Ry Rt T', COST, (amount: bigint) => add('ic0_call_cycles_add', BigInt.asUintN(64, amount))],
    call_cycles_add128: [
      'U Ry Rt T',
      COST,
      (high: bigint, low: bigint) => add('ic0_call_cycles_add128', joined(high, low)),
    ],
  };
}
