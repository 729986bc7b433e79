import { callFee } from '../subnet/cycles.js';
import { idOf, textOf } from '../subnet/principals.js';
import { COST, INVALID_PRINCIPAL, MAX_PRINCIPAL, type Access, type Functions } from './access.js';
import type { Message, OutgoingCall } from './message.js';
import { Trap } from './trap.js';

const CALLING = 'U CQ Ry Rt CRy CRt T';
const MAX_BEST_EFFORT = 300n;
/**
 * Within a subnet, and there is only one here: five times what goes between subnets (dfinity/ic:
 * `MULTIPLIER_MAX_SIZE_LOCAL_SUBNET`).
 */
const MAX_PAYLOAD = 10 << 20;
/** Characters of all method names that a module may export. */
const MAX_NAME = 20_000;
const SECOND = 1_000_000_000n;

/** Calls to other canisters: `call_new` begins one, the others say more of it, `call_perform` sends it. */
export function callApi(access: Access): Functions {
  return {
    call_new: [CALLING, 1500, beginning(access)],
    ...detailsApi(access),
    call_perform: [CALLING, 5000, () => perform(access)],
  };
}

function beginning({ message, text, bytes }: Access) {
  return (
    calleeAt: number,
    calleeLength: number,
    nameAt: number,
    nameLength: number,
    replyFun: number,
    replyEnv: bigint,
    rejectFun: number,
    rejectEnv: bigint,
  ): void => {
    abandon(message());
    if (nameLength > MAX_NAME)
      throw new Trap(
        'contractViolation',
        `Size of method_name ${nameLength} exceeds the allowed limit of ${MAX_NAME}.`,
      );
    const method = text('ic0.call_new method_name', nameAt, nameLength);
    const callee = bytes('ic0.call_new callee_src', calleeAt, calleeLength).slice();
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
  };
}

function detailsApi({ message, instance, bytes }: Access): Functions {
  const onCleanup = (fun: number, env: bigint): void => {
    const call = pending(message(), 'ic0.call_on_cleanup');
    if (call.onCleanup)
      throw new Trap(
        'contractViolation',
        'ic0.call_on_cleanup can be called at most once between `ic0.call_new` and `ic0.call_perform`',
      );
    call.onCleanup = { fun, env };
  };
  const append = (address: number, length: number): void => {
    const call = pending(message(), 'ic0.call_data_append');
    const size = Buffer.byteLength(call.method!) + call.data.reduce((sum, part) => sum + part.length, 0) + length;
    if (size > MAX_PAYLOAD) {
      throw new Trap(
        'contractViolation',
        `Request to ${textOf(idOf(call.callee!))}:${call.method} has a payload size of ${size}, which ` +
          `exceeds the allowed limit of ${MAX_PAYLOAD}.`,
      );
    }
    instance.charge(length);
    call.data.push(bytes('ic0.call_data_append', address, length).slice());
  };
  const bestEffort = (seconds: number): void => {
    const call = pending(message(), 'ic0.call_with_best_effort_response');
    if (call.deadline !== 0n)
      throw new Trap(
        'contractViolation',
        'ic0_call_with_best_effort_response failed because a timeout is already set.',
      );
    const timeout = BigInt(seconds) < MAX_BEST_EFFORT ? BigInt(seconds) : MAX_BEST_EFFORT;
    call.deadline = message().time + timeout * SECOND;
  };
  return {
    call_on_cleanup: [CALLING, COST, onCleanup],
    call_data_append: [CALLING, COST, append],
    call_with_best_effort_response: [CALLING, COST, bestEffort],
  };
}

/** @returns 0, or 2 when the call cannot be sent now (IC spec: `ic0.call_perform`) */
function perform({ message, around }: Access): number {
  const { data, ...call } = pending(message(), 'ic0.call_perform');
  const arg = new Uint8Array(Buffer.concat(data));
  const composite = message().role.startsWith('C') && message().role !== 'C';
  const fee = composite ? 0n : callFee(BigInt(Buffer.byteLength(call.method!) + arg.length));
  const planned = message().calls.filter((one) => Buffer.compare(one.callee, call.callee!) === 0).length;
  const affordable = composite || message().balance - fee >= around.freezingThreshold();
  if (!affordable || !around.maySend(call.callee!, planned)) {
    abandon(message());
    return 2;
  }
  message().balance -= fee;
  message().calls.push({ ...call, arg, fee } as OutgoingCall);
  message().pending = undefined;
  return 0;
}

/** @throws Trap `contractViolation` when no call is being made */
export function pending(message: Message, function_: string): NonNullable<Message['pending']> {
  if (!message.pending) throw new Trap('contractViolation', `${function_} called when no call is under construction.`);
  return message.pending;
}

/** Gives back the cycles of a call that was begun and not performed. */
function abandon(message: Message): void {
  message.balance += message.pending?.cycles ?? 0n;
  message.pending = undefined;
}
