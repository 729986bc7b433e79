import type { Canister } from './canister.js';
import { IcError } from '../errors.js';
import { executionFee, ingressFee } from './cycles.js';
import { deliverCall, deliverResponse, deliverTask } from './delivery.js';
import { applyEdit, throwFault, type Edit } from './edits.js';
import { settleOutcalls, type OutcallResult } from './outcalls.js';
import { MANAGEMENT, textOf } from './principals.js';
import { freeAt, heldBack, payDebits, paysByRounds, settleDebits, subnetHeldBack, workDue } from './rates.js';
import { removeCode } from './removal.js';
import { Reject, rejection, SYS_UNKNOWN } from './reject.js';
import type { Ingress, Subnet, Work } from './subnet.js';

/** All that a round depends on besides the state before it. */
export interface RoundInput {
  round: number;
  /** Nanoseconds since the epoch; larger than the last round's. */
  time: bigint;
  /** 32 random bytes. */
  seed: Uint8Array;
  ingress: Ingress[];
  /** What came of the HTTP requests of canisters. */
  outcalls?: OutcallResult[];
  /** Changes made from outside the network. */
  edits?: Edit[];
}

const ROUND_INSTRUCTIONS = 20_000_000_000n;
const ROUND_MESSAGES = 2_000;
const SECOND = 1_000_000_000n;
const PAY_EVERY = 60n * SECOND;
const HEARTBEAT_EVERY = SECOND;

/** Executes a round: takes in calls, wakes timers, and works the queue off, or a good part of it. */
export function executeRound(subnet: Subnet, input: RoundInput): void {
  const elapsed = input.time - subnet.state.time;
  subnet.beginRound(input.round, input.time, input.seed);
  payDebits(subnet, elapsed);
  for (const edit of input.edits ?? []) applyEdit(subnet, edit);
  for (const ingress of input.ingress) {
    subnet.induct(ingress);
    if (ingress.to !== MANAGEMENT)
      subnet.canisters
        .get(ingress.to)
        ?.spend(ingressFee(ingress.method.length + ingress.arg.length), 'ingress_induction');
  }
  expireCalls(subnet);
  wakeTimers(subnet);
  let instructions = settleOutcalls(subnet, input.outcalls ?? []);
  let messages = 0;
  const { queue } = subnet.state;
  const waiting: Work[] = [];
  let next = 0;
  const most = subnetHeldBack(subnet) ? 0 : ROUND_MESSAGES;
  for (; next < queue.length && messages < most && instructions < ROUND_INSTRUCTIONS; next += 1) {
    const work = queue[next]!;
    if (heldBack(subnet, subnet.canisters.get(work.to))) {
      waiting.push(work);
      continue;
    }
    messages += 1;
    instructions += deliver(subnet, work);
    for (const id of subnet.lowOnMemory.splice(0))
      queue.splice(next + 1, 0, { kind: 'task', to: id, hook: 'canister_on_low_wasm_memory' });
  }
  queue.splice(0, next, ...waiting);
  settleDebits(subnet);
  subnet.state.executed += instructions;
  subnet.state.messages = (subnet.state.messages ?? 0n) + BigInt(messages);
  payStorage(subnet);
  subnet.forgetOldAnswers();
}

/** When the next round is due without any call: nanoseconds since the epoch, 0 for at once, or undefined. */
export function nextDue(subnet: Subnet): bigint | undefined {
  let due: bigint | undefined;
  const consider = (at: bigint): void => {
    if (due === undefined || at < due) due = at;
  };
  if (subnet.state.queue.length > 0) consider(workDue(subnet));
  if (due === 0n) return due;
  for (const { timeout } of subnet.state.outcalls?.values() ?? []) consider(timeout + 1n);
  for (const canister of subnet.canisters.values()) {
    const { state, module } = canister;
    if (paysByRounds(subnet, canister)) return 0n;
    for (const { deadline } of state.callbacks.values()) if (deadline !== 0n) consider(deadline + 1n);
    if (state.status !== 'running' || !module) continue;
    const free = freeAt(subnet, canister);
    const next = state.timer > free ? state.timer : free;
    if (state.timer !== 0n) consider(next);
    if (module.hooks.has('canister_heartbeat'))
      consider(free > subnet.state.time + HEARTBEAT_EVERY ? free : subnet.state.time + HEARTBEAT_EVERY);
  }
  return due;
}

function deliver(subnet: Subnet, work: Work): bigint {
  if (work.kind === 'call') return deliverOrReject(subnet, work);
  const canister = subnet.canisters.get(work.to);
  if (!canister) return 0n;
  return work.kind === 'response'
    ? deliverResponse(subnet, canister, work.callback, work.response, work.refund)
    : deliverTask(subnet, canister, work.hook);
}

function deliverOrReject(subnet: Subnet, { to, call }: Work & { kind: 'call' }): bigint {
  try {
    throwFault(subnet, to, call.method);
    if (subnet.services.has(subnet, to)) return subnet.services.execute(subnet, to, call);
    const canister = subnet.canisters.get(to);
    if (!canister) throw new Reject('canisterNotFound', `Canister ${textOf(to)} not found`);
    const minimum = canister.state.settings.minimumIncomingCallCycles;
    if (call.origin.kind === 'call' && call.origin.canister !== to && call.cycles < minimum) {
      throw new Reject(
        'insufficientCyclesInCall',
        `Canister ${textOf(to)} takes calls with at least ${minimum} cycles`,
      );
    }
    return deliverCall(subnet, canister, call);
  } catch (thrown) {
    if (thrown instanceof IcError) throw thrown;
    const why =
      thrown instanceof Reject
        ? thrown
        : new Reject('engine', `The host failed to execute ${call.method}: ${String(thrown)}`);
    if (why !== thrown) subnet.onLog(to, String((thrown as Error).stack));
    subnet.respond(call.origin, { kind: 'reject', rejection: why.rejection }, call.cycles);
    return executionFee(0n);
  }
}

/** Best-effort calls whose deadline has passed are answered by the system; what they were sent is not refunded. */
function expireCalls(subnet: Subnet): void {
  const why = rejection('deadlineExpired', 'Call deadline has expired.');
  for (const canister of subnet.canisters.values()) {
    for (const [number, callback] of canister.state.callbacks) {
      if (callback.deadline === 0n || callback.deadline >= subnet.state.time) continue;
      callback.deadline = 0n;
      subnet.push({
        kind: 'response',
        to: canister.id,
        callback: number,
        response: { kind: 'reject', code: SYS_UNKNOWN, message: why.message },
        refund: 0n,
      });
    }
  }
}

function wakeTimers(subnet: Subnet): void {
  for (const canister of subnet.canisters.values()) {
    const { state, module, id } = canister;
    if (state.status !== 'running' || !module || heldBack(subnet, canister)) continue;
    if (state.lowMemory === 'ready') subnet.push({ kind: 'task', to: id, hook: 'canister_on_low_wasm_memory' });
    if (module.hooks.has('canister_heartbeat')) subnet.push({ kind: 'task', to: id, hook: 'canister_heartbeat' });
    if (state.timer === 0n || state.timer > subnet.state.time) continue;
    state.timer = 0n;
    subnet.push({ kind: 'task', to: id, hook: 'canister_global_timer' });
  }
}

function payStorage(subnet: Subnet): void {
  const { state } = subnet;
  if (state.storagePaidUntil === 0n) state.storagePaidUntil = state.time;
  const elapsed = state.time - state.storagePaidUntil;
  if (elapsed < PAY_EVERY) return;
  state.storagePaidUntil = state.time;
  for (const canister of subnet.canisters.values()) {
    if (!canister.payIdle(canister.idleCost(elapsed / SECOND))) runDry(subnet, canister);
  }
}

/**
 * A canister that cannot pay for being there loses its code, its data and its allocations, and keeps its id and
 * settings.
 */
function runDry(subnet: Subnet, canister: Canister): void {
  subnet.onLog(canister.id, 'Uninstalled: it ran out of cycles.');
  removeCode(subnet, canister);
  canister.state.reserved = undefined;
  canister.state.version += 1n;
  canister.state.settings = { ...canister.state.settings, computeAllocation: 0n, memoryAllocation: 0n };
}
