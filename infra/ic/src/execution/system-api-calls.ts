import { callFee } from '../subnet/cycles.js';
import type { Message, OutgoingCall } from './message.js';
import { joined, type Access, type Functions } from './access.js';
import { Trap } from './trap.js';

const ALL = 'I G U RQ NRQ TQ CQ Ry Rt CRy CRt C CC F T';
const CALLING = 'U CQ Ry Rt CRy CRt T';
const COST = 500;
const MAX_BEST_EFFORT = 300n;
const MAX_PAYLOAD = 2 << 20;
const SECOND = 1_000_000_000n;

/** Calls to other canisters, and cycles. */
export function callApi(access: Access): Functions {
  const { message } = access;
  const pending = (): NonNullable<Message['pending']> => {
    const call = message().pending;
    if (!call) throw new Trap('contractViolation', 'there is no call under construction: begin with ic0.call_new');
    return call;
  };
  return {
    ...cyclesApi(access),
    call_new: [CALLING, 1500, (calleeAt: number, calleeLength: number, nameAt: number, nameLength: number, replyFun: number, replyEnv: number, rejectFun: number, rejectEnv: number) => {
      abandon(message());
      message().pending = {
        callee: access.bytes(calleeAt, calleeLength).slice(), method: access.text(nameAt, nameLength),
        onReply: { fun: replyFun >>> 0, env: replyEnv }, onReject: { fun: rejectFun >>> 0, env: rejectEnv },
        data: [], cycles: 0n, deadline: 0n,
      };
    }],
    call_on_cleanup: [CALLING, COST, (fun: number, env: number) => {
      if (pending().onCleanup) throw new Trap('contractViolation', 'ic0.call_on_cleanup can be called at most once per call');
      pending().onCleanup = { fun: fun >>> 0, env };
    }],
    call_data_append: [CALLING, COST, (address: number, length: number) => {
      access.instance.charge(length >>> 0);
      pending().data.push(access.bytes(address, length).slice());
      if (pending().data.reduce((sum, part) => sum + part.length, 0) > MAX_PAYLOAD) {
        throw new Trap('contractViolation', `the argument of a call must not exceed ${MAX_PAYLOAD} bytes`);
      }
    }],
    call_with_best_effort_response: [CALLING, COST, (seconds: number) => {
      if (pending().deadline !== 0n) throw new Trap('contractViolation', 'ic0.call_with_best_effort_response can be called at most once per call');
      const timeout = BigInt(seconds >>> 0) < MAX_BEST_EFFORT ? BigInt(seconds >>> 0) : MAX_BEST_EFFORT;
      pending().deadline = message().time + timeout * SECOND;
    }],
    call_perform: [CALLING, 5000, () => {
      const { data, ...call } = pending();
      const arg = new Uint8Array(Buffer.concat(data));
      const composite = message().role.startsWith('C') && message().role !== 'C';
      const fee = composite ? 0n : callFee(call.method!.length + arg.length);
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
    }],
  };
}

/** Gives back the cycles of a call that was begun and not performed. */
function abandon(message: Message): void {
  message.balance += message.pending?.cycles ?? 0n;
  message.pending = undefined;
}

function cyclesApi(access: Access): Functions {
  const { message, around } = access;
  const narrow = (value: bigint): bigint => {
    if (value >= 1n << 64n) throw new Trap('contractViolation', 'the amount of cycles does not fit 64 bits: use the 128-bit function');
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
  const add = (amount: bigint): void => {
    const call = message().pending;
    if (!call) throw new Trap('contractViolation', 'there is no call under construction: begin with ic0.call_new');
    if (message().balance - amount < around.freezingThreshold()) {
      throw new Trap('insufficientCyclesInCall', `Canister is out of cycles: it cannot attach ${amount} cycles with a balance of ${message().balance}`);
    }
    message().balance -= amount;
    call.cycles = (call.cycles ?? 0n) + amount;
  };
  return {
    msg_cycles_available: ['U RQ Ry Rt', COST, () => narrow(message().available)],
    msg_cycles_available128: ['U RQ Ry Rt', COST, (target: number) => access.amount(target, message().available)],
    msg_cycles_refunded: ['Ry Rt', COST, () => narrow(message().refunded)],
    msg_cycles_refunded128: ['Ry Rt', COST, (target: number) => access.amount(target, message().refunded)],
    msg_cycles_accept: ['U RQ Ry Rt', COST, (atMost: bigint) => accept(BigInt.asUintN(64, atMost))],
    msg_cycles_accept128: ['U RQ Ry Rt', COST, (high: bigint, low: bigint, target: number) => access.amount(target, accept(joined(high, low)))],
    cycles_burn128: ['I G U RQ Ry Rt C T', COST, (high: bigint, low: bigint, target: number) => {
      const wanted = joined(high, low);
      const burnt = wanted < liquid() ? wanted : liquid();
      message().balance -= burnt;
      message().burnt += burnt;
      access.amount(target, burnt);
    }],
    canister_cycle_balance: [ALL, COST, () => narrow(message().balance)],
    canister_cycle_balance128: [ALL, COST, (target: number) => access.amount(target, message().balance)],
    canister_liquid_cycle_balance128: [ALL, COST, (target: number) => access.amount(target, liquid())],
    call_cycles_add: ['U Ry Rt T', COST, (amount: bigint) => add(BigInt.asUintN(64, amount))],
    call_cycles_add128: ['U Ry Rt T', COST, (high: bigint, low: bigint) => add(joined(high, low))],
  };
}
