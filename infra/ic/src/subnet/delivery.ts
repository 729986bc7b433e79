import type { Instance } from '../execution/instance.js';
import { newMessage, type Closure, type Message, type OutgoingCall } from '../execution/message.js';
import { logged, type Trap } from '../execution/trap.js';
import type { CallContext, Canister } from './canister.js';
import { executionFee } from './cycles.js';
import { overgrown } from './memory-growth.js';
import { idOf, textOf } from './principals.js';
import { noteHeapDelta } from './rates.js';
import { Reject, rejectedByCanister, rejection, type Rejection } from './reject.js';
import type { Answered, IncomingCall, Subnet, Work } from './subnet.js';

/** Runs a call's method on a canister. Every way it can end answers the caller, at once or later. */
export function deliverCall(subnet: Subnet, canister: Canister, call: IncomingCall): bigint {
  const kind = runnableMethod(canister, call.method);
  const query = kind === 'query';
  const { state } = canister;
  const message = newMessage({
    role: query ? 'RQ' : 'U',
    time: subnet.state.time,
    caller: call.caller,
    callerInfo: call.callerInfo,
    method: call.method,
    arg: call.arg,
    deadline: call.deadline,
    answerable: true,
    available: call.cycles,
    balance: state.cycles,
    instructionLimit: query ? subnet.state.limits.query : subnet.state.limits.update,
  });
  subnet.processing(call.origin);
  const context: CallContext = {
    id: state.nextNumber++,
    origin: call.origin,
    caller: call.caller,
    callerInfo: call.callerInfo,
    method: call.method,
    deadline: call.deadline,
    available: call.cycles,
    answered: false,
    outstanding: 0,
    instructions: 0n,
  };
  state.contexts.set(context.id, context);
  const trap = execute(subnet, canister, message, `canister_${kind} ${call.method}`, query);
  conclude(subnet, canister, context, message, trap);
  return message.instructions;
}

/**
 * Whether a canister can take a call, and of what kind the method is.
 *
 * @throws Reject
 */
export function runnableMethod(canister: Canister, method: string): 'update' | 'query' {
  if (canister.state.status === 'stopped') throw new Reject('stopped', `Canister ${textOf(canister.id)} is stopped`);
  if (canister.state.status === 'stopping') throw new Reject('stopping', `Canister ${textOf(canister.id)} is stopping`);
  const { module } = canister;
  if (!module)
    throw new Reject(
      'moduleNotFound',
      from(canister, 'Attempted to execute a message, but the canister contains no Wasm module.'),
    );
  if (canister.frozen)
    throw new Reject(
      'outOfCycles',
      `Canister ${textOf(canister.id)} is out of cycles: top it up, its balance of ${canister.state.cycles} ` +
        'is below the freezing threshold',
    );
  const kind = module.methods.get(method);
  if (kind === 'composite_query')
    throw new Reject(
      'compositeQueryInReplicatedMode',
      from(canister, `Composite query '${method}' cannot be called in replicated mode.`),
    );
  if (!kind) throw new Reject('methodNotFound', from(canister, `Canister has no update method '${method}'.`));
  return kind;
}

/** Runs the callback of a call that was answered. */
export function deliverResponse(
  subnet: Subnet,
  canister: Canister,
  number: number,
  response: Answered,
  refund: bigint,
): bigint {
  const { state } = canister;
  const callback = state.callbacks.get(number);
  if (!callback) return 0n; // the call expired: a late answer is not delivered
  state.callbacks.delete(number);
  state.cycles += refund;
  const context = state.contexts.get(callback.context);
  if (!context) return 0n;
  context.outstanding -= 1;
  if (context.deleted) {
    if (context.outstanding === 0) state.contexts.delete(context.id);
    subnet.settleStop(canister);
    return 0n;
  }
  const replied = response.kind === 'reply';
  const base = {
    time: subnet.state.time,
    caller: context.caller,
    callerInfo: context.callerInfo,
    deadline: context.deadline,
    contextInstructions: context.instructions,
    instructionLimit: subnet.state.limits.update,
  };
  const message = newMessage({
    ...base,
    role: replied ? 'Ry' : 'Rt',
    arg: replied ? response.data : new Uint8Array(),
    rejectCode: replied ? 0 : response.code,
    rejectMessage: replied ? '' : response.message,
    refunded: refund,
    answerable: !context.answered,
    available: context.answered ? 0n : context.available,
    balance: state.cycles,
  });
  const trap = execute(subnet, canister, message, replied ? callback.onReply : callback.onReject, false);
  if (!trap || !callback.onCleanup) {
    conclude(subnet, canister, context, message, trap);
    return message.instructions;
  }
  const cleanup = newMessage({ ...base, role: 'C', rejectCode: message.rejectCode, balance: state.cycles });
  const cleanupTrap = execute(subnet, canister, cleanup, callback.onCleanup, false);
  conclude(subnet, canister, context, message, trap.followedBy(cleanupTrap));
  return message.instructions + cleanup.instructions;
}

/** Runs a timer or heartbeat. */
export function deliverTask(subnet: Subnet, canister: Canister, hook: string): bigint {
  const { state, module } = canister;
  const lowMemory = hook === 'canister_on_low_wasm_memory';
  if (lowMemory && state.lowMemory !== 'ready') return 0n;
  if (state.status !== 'running' || !module?.hooks.has(hook) || canister.frozen) return 0n;
  if (lowMemory) state.lowMemory = 'executed';
  const context: CallContext = {
    id: state.nextNumber++,
    origin: { kind: 'task' },
    caller: new Uint8Array(),
    method: hook,
    deadline: 0n,
    available: 0n,
    answered: true,
    outstanding: 0,
    instructions: 0n,
  };
  state.contexts.set(context.id, context);
  const message = newMessage({
    role: 'T',
    method: hook,
    time: subnet.state.time,
    balance: state.cycles,
    instructionLimit: subnet.state.limits.update,
  });
  const trap = execute(subnet, canister, message, hook, false);
  if (trap) report(subnet, canister, hook, trap);
  conclude(subnet, canister, context, message, trap);
  return message.instructions;
}

/**
 * Runs a message and commits or undoes it. Instructions are paid for either way.
 *
 * @param drop  whether what it did to memory is dropped even when it succeeds (queries)
 */
function execute(
  subnet: Subnet,
  canister: Canister,
  message: Message,
  entry: string | Closure,
  drop: boolean,
): Trap | undefined {
  const { stable, state } = canister;
  const instance = canister.instance!;
  stable.begin();
  const stableBefore = stable.size;
  const trap = instance.run(message, entry) ?? overgrown(subnet, canister, instance, message, stableBefore);
  if (trap || drop) undo(canister, instance);
  else noteHeapDelta(subnet, canister, commit(canister, instance, message));
  if (!trap) state.cycles = message.balance;
  if (!trap && message.reserved > 0n) state.reserved = (state.reserved ?? 0n) + message.reserved;
  if (!trap) canister.account(message.burnt, 'burned_cycles');
  if (!trap && !drop && canister.watchMemory()) subnet.lowOnMemory.push(canister.id);
  canister.spend(executionFee(message.instructions, instance.module.wide), 'instructions');
  canister.print(message.time, trap ? [...message.log, logged(trap)] : message.log);
  for (const line of message.log) subnet.onLog(canister.id, line);
  return trap;
}

/** Makes what a message did the canister's state. @returns bytes of memory that it has written, in pages of 4 KiB */
export function commit(canister: Canister, instance: Instance, message: Message): number {
  canister.state.version += 1n;
  return commitCode(canister, instance, message);
}

/** The same of an installation, whose version the change of the code counts. */
export function commitCode(canister: Canister, instance: Instance, message: Message): number {
  const heap = instance.commit();
  canister.stable.commit();
  if (message.certified) canister.state.certified = message.certified;
  if (message.timer !== undefined) canister.state.timer = message.timer;
  return heap + (message.touched?.writtenBytes ?? 0);
}

export function undo(canister: Canister, instance: Instance | undefined): void {
  instance?.rollback();
  canister.stable.rollback();
}

/** Sends a message's calls and its answer, and closes the call when nothing is open any more. */
function conclude(
  subnet: Subnet,
  canister: Canister,
  context: CallContext,
  message: Message,
  trap: Trap | undefined,
): void {
  context.instructions += message.instructions;
  if (!trap) {
    if (!context.answered) context.available = message.available;
    for (const call of message.calls) send(subnet, canister, context, call);
    if (message.answer) {
      const { answer } = message;
      const response =
        answer.kind === 'reply' ? answer : { kind: 'reject' as const, rejection: rejectedByCanister(answer.message) };
      answerContext(subnet, context, response);
    }
  }
  if (context.outstanding > 0) return;
  if (!context.answered) {
    const why = trap
      ? trapped(canister, trap)
      : rejection('didNotReply', from(canister, 'Canister did not reply to the call.'));
    answerContext(subnet, context, { kind: 'reject', rejection: why });
  }
  canister.state.contexts.delete(context.id);
  subnet.settleStop(canister);
}

function answerContext(
  subnet: Subnet,
  context: CallContext,
  response: { kind: 'reply'; data: Uint8Array } | { kind: 'reject'; rejection: Rejection },
): void {
  context.answered = true;
  const refund = context.available;
  context.available = 0n;
  subnet.respond(context.origin, response, refund);
}

function send(subnet: Subnet, canister: Canister, context: CallContext, call: OutgoingCall): void {
  const { state } = canister;
  canister.account(call.fee, 'request_and_response_transmission');
  const number = state.nextNumber++;
  const callee = idOf(call.callee);
  state.callbacks.set(number, {
    context: context.id,
    callee,
    onReply: call.onReply,
    onReject: call.onReject,
    onCleanup: call.onCleanup,
    cycles: call.cycles,
    deadline: call.deadline,
  });
  context.outstanding += 1;
  const work: Work = {
    kind: 'call',
    to: callee,
    call: {
      origin: { kind: 'call', canister: canister.id, callback: number },
      caller: canister.idBytes,
      method: call.method,
      arg: call.arg,
      cycles: call.cycles,
      deadline: call.deadline,
      callerVersion: state.version - 1n,
    },
  };
  subnet.push(work);
}

function report(subnet: Subnet, canister: Canister, what: string, trap: Trap): void {
  subnet.onLog(canister.id, `[TRAP] in ${what}: ${trap.sentence}`);
}

export function trapped(canister: Canister, trap: Trap): Rejection {
  return rejection(trap.reason, from(canister, trap.sentence));
}

export function from(canister: Canister, what: string): string {
  return `Error from Canister ${textOf(canister.id)}: ${what}`;
}
