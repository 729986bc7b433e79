import { newMessage, type Message, type OutgoingCall, type Role } from '../execution/message.js';
import type { Trap } from '../execution/trap.js';
import type { Canister, QueryStats } from './canister.js';
import { from, trapped, undo } from './delivery.js';
import { idOf, textOf, type Id } from './principals.js';
import { Reject, rejectedByCanister, towardsCanister } from './reject.js';
import type { Ingress, Response, Subnet } from './subnet.js';

export interface QueryCall {
  caller: Uint8Array;
  callerInfo?: { info: Uint8Array; signer: Uint8Array };
  to: Id;
  method: string;
  arg: Uint8Array;
}

/** What a query is evaluated with, beside the subnet's state. */
export interface QueryContext {
  /** Nanoseconds since the epoch. */
  time: bigint;
  /** The certificate that the canister asked directly may show. */
  certificate(canister: Canister): Uint8Array;
  /** Answers for what is no canister, as the management canister. @throws Reject · Elsewhere */
  system?(call: QueryCall): Uint8Array | undefined;
  /** Whether the query has taken longer than `QUERY_PATIENCE`. */
  expired?(): boolean;
  /** Told what a query cost a canister. */
  onCounted?(id: Id, stats: QueryStats): void;
}

/** The query needs what this thread does not have. */
export class Elsewhere extends Error {}

/**
 * Canisters that have called another one and wait (dfinity/ic: `rs/config/src/execution_environment.rs`, as the next).
 */
const MAX_DEPTH = 6;
/** Instructions for each call of a composite query, beside what Wasm uses. */
const CALL_OVERHEAD = 50_000_000n;
/** Milliseconds that a query may take. */
export const QUERY_PATIENCE = 10_000;

/** Ends a composite query whatever its callers would make of it. */
class GraphLimit extends Reject {}

/** Evaluates a query on the present state, which is as before afterwards (IC spec: Query call). */
export function evaluateQuery(subnet: Subnet, context: QueryContext, call: QueryCall): Response {
  try {
    return new Query(subnet, context).evaluate(call, []);
  } catch (thrown) {
    if (thrown instanceof GraphLimit) return { kind: 'reject', rejection: thrown.rejection };
    throw thrown;
  }
}

/** A query as a whole, with all that it asks of other canisters. */
class Query {
  /** Instructions that are left for it; below zero after the last call's overhead. */
  private left: bigint;

  constructor(
    private readonly subnet: Subnet,
    private readonly context: QueryContext,
  ) {
    this.left = subnet.state.limits.query;
  }

  /** @param above  canisters that have called and wait, the first one first. @throws GraphLimit */
  evaluate(call: QueryCall, above: Canister[]): Response {
    try {
      const data = this.subnet.canisters.has(call.to) ? undefined : this.context.system?.(call);
      if (data) return { kind: 'reply', data };
      const canister = runnable(this.subnet, call.to);
      if (above.includes(canister))
        throw new Reject(
          'callLoop',
          `Canister ${textOf(canister.id)} is called again while it is in the middle of a composite query.`,
        );
      return this.evaluateOn(canister, call, above);
    } catch (thrown) {
      if (thrown instanceof Reject && !(thrown instanceof GraphLimit))
        return { kind: 'reject', rejection: thrown.rejection };
      throw thrown;
    }
  }

  private evaluateOn(canister: Canister, call: QueryCall, above: Canister[]): Response {
    const kind = canister.module!.methods.get(call.method);
    if (!kind || kind === 'update')
      throw new Reject('methodNotFound', from(canister, `Canister has no query method '${call.method}'.`));
    const direct = above.length === 0;
    const base = {
      time: this.context.time,
      caller: call.caller,
      callerInfo: call.callerInfo,
      balance: canister.state.cycles,
    };
    const first = newMessage({
      ...base,
      instructionLimit: this.limit(),
      role: kind === 'composite_query' ? 'CQ' : 'NRQ',
      method: call.method,
      arg: call.arg,
      answerable: true,
      certificate: direct ? () => this.context.certificate(canister) : undefined,
    });
    canister.stable.begin();
    try {
      const overhead = direct ? 0n : CALL_OVERHEAD;
      const answer =
        this.runPart(canister, first, `canister_${kind} ${call.method}`, undefined, overhead) ??
        this.answerOfCallbacks(canister, base, first.calls, above);
      if (answer) return answer;
      throw new Reject('didNotReply', from(canister, 'Canister did not reply to the call.'));
    } finally {
      undo(canister, canister.instance);
      count(this.context, canister, call, first);
    }
  }

  /** Makes the calls that a canister has made, one by one, until a callback answers. */
  private answerOfCallbacks(
    canister: Canister,
    base: Omit<Base, 'instructionLimit'>,
    begun: OutgoingCall[],
    above: Canister[],
  ): Response | undefined {
    const calls = [...begun];
    for (;;) {
      this.checkLimits(above);
      const next = calls.shift();
      if (!next) return undefined;
      const call = { caller: canister.idBytes, to: idOf(next.callee), method: next.method, arg: next.arg };
      const response = this.evaluate(call, [...above, canister]);
      this.checkLimits(above);
      const message = callbackMessage({ ...base, instructionLimit: this.limit() }, response);
      const callback = response.kind === 'reply' ? next.onReply : next.onReject;
      const answer = this.runPart(canister, message, callback, next.onCleanup);
      if (answer) return answer;
      calls.push(...message.calls);
    }
  }

  /**
   * Looked at whenever a composite query goes on (dfinity/ic:
   * `rs/execution_environment/src/query_handler/query_call_graph.rs`). @throws GraphLimit
   */
  private checkLimits(above: Canister[]): void {
    if (above.length >= MAX_DEPTH)
      throw new GraphLimit('callGraphTooDeep', 'Composite query calls exceeded the maximum call depth.');
    if (this.left <= 0n)
      throw new GraphLimit('callGraphInstructions', 'Composite query calls exceeded the instruction limit.');
    if (this.context.expired?.())
      throw new GraphLimit('queryTimeLimit', 'Composite query call exceeded the time limit.');
  }

  /** Runs one message of a query. @throws Reject when it traps, which ends the whole query */
  private runPart(
    canister: Canister,
    message: Message,
    entry: string | OutgoingCall['onReply'],
    onCleanup?: OutgoingCall['onCleanup'],
    overhead = 0n,
  ): Response | undefined {
    const trap = canister.instance!.run(message, entry);
    this.left -= message.instructions + overhead;
    for (const line of message.log) this.subnet.onLog(canister.id, line);
    if (trap) throw this.afterCleanup(canister, message, trap, onCleanup);
    if (!message.answer) return undefined;
    return message.answer.kind === 'reply'
      ? message.answer
      : { kind: 'reject', rejection: rejectedByCanister(message.answer.message) };
  }

  private afterCleanup(canister: Canister, message: Message, trap: Trap, onCleanup: OutgoingCall['onCleanup']): Reject {
    const cleanup = newMessage({
      ...message,
      role: 'CC',
      instructionLimit: this.limit(),
      touched: undefined,
      answerable: false,
      answer: undefined,
      reply: [],
      calls: [],
      pending: undefined,
      log: [],
    });
    const cleanupTrap = onCleanup && canister.instance!.run(cleanup, onCleanup);
    this.left -= cleanup.instructions;
    for (const line of cleanup.log) this.subnet.onLog(canister.id, line);
    return new Reject(trap.reason, trapped(canister, trap.followedBy(cleanupTrap)).message);
  }

  private limit(): bigint {
    return this.left > 0n ? this.left : 0n;
  }
}

function runnable(subnet: Subnet, id: Id): Canister {
  const canister = subnet.canisters.get(id);
  if (!canister) throw new Reject('canisterNotFound', `Canister ${textOf(id)} not found`);
  if (canister.state.status === 'stopped') throw new Reject('stopped', `Canister ${textOf(id)} is stopped`);
  if (canister.state.status === 'stopping') throw new Reject('stopping', `Canister ${textOf(id)} is stopping`);
  if (!canister.module)
    throw new Reject(
      'moduleNotFound',
      from(canister, 'Attempted to execute a message, but the canister contains no Wasm module.'),
    );
  if (canister.frozen)
    throw new Reject(
      'outOfCycles',
      `Canister ${textOf(id)} is unable to process query calls because it's frozen. Please top up the ` +
        'canister with cycles and try again.',
    );
  return canister;
}

type Base = Pick<Message, 'time' | 'caller' | 'balance' | 'instructionLimit'>;

function callbackMessage(base: Base, response: Response): Message {
  if (response.kind === 'reply') return newMessage({ ...base, role: 'CRy', arg: response.data, answerable: true });
  const { code, message } = towardsCanister(response.rejection);
  return newMessage({ ...base, role: 'CRt', rejectCode: code, rejectMessage: message, answerable: true });
}

/**
 * Query statistics: the one thing that a query leaves behind. They are no replicated state and are lost with the
 * process.
 */
function count(context: QueryContext, canister: Canister, call: QueryCall, message: Message): void {
  const used: QueryStats = {
    calls: 1n,
    instructions: message.instructions,
    requestBytes: BigInt(call.arg.length),
    responseBytes: BigInt(message.answer?.kind === 'reply' ? message.answer.data.length : 0),
  };
  addStats(canister, used);
  context.onCounted?.(canister.id, used);
}

export function addStats({ state: { stats } }: Canister, used: QueryStats): void {
  stats.calls += used.calls;
  stats.instructions += used.instructions;
  stats.requestBytes += used.requestBytes;
  stats.responseBytes += used.responseBytes;
}

/** Asks a canister whether it takes a user's call (IC spec: Ingress message inspection). @throws Reject */
export function inspectIngress(subnet: Subnet, time: bigint, ingress: Ingress): void {
  if (subnet.services.has(subnet, ingress.to)) return;
  const canister = runnable(subnet, ingress.to);
  const kind = canister.module!.methods.get(ingress.method);
  if (kind !== 'update' && kind !== 'query')
    throw new Reject('methodNotFound', from(canister, `Canister has no update method '${ingress.method}'.`));
  if (!canister.module!.hooks.has('canister_inspect_message')) return;
  const role: Role = 'F';
  const message = newMessage({
    role,
    time,
    caller: ingress.sender,
    callerInfo: ingress.senderInfo,
    method: ingress.method,
    arg: ingress.arg,
    balance: canister.state.cycles,
    instructionLimit: subnet.state.limits.inspect,
  });
  canister.stable.begin();
  try {
    const trap = canister.instance!.run(message, 'canister_inspect_message');
    if (trap) throw new Reject(trap.reason, trapped(canister, trap).message);
    if (!message.accepted)
      throw new Reject('rejectedAtTheDoor', `Canister ${textOf(canister.id)} rejected the message`);
  } finally {
    undo(canister, canister.instance);
  }
}
