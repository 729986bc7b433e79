import type { TouchedPages } from './touched-pages.js';

/**
 * In what role Wasm runs (IC spec: System API imports). I init/post_upgrade · G pre_upgrade · U update · RQ/NRQ query,
 * replicated/not · TQ transform · CQ composite query · Ry/Rt reply/reject callback · CRy/CRt the same in a composite
 * query · C/CC cleanup · F inspect_message · T heartbeat, timer · s start
 */
export type Role =
  'I' | 'G' | 'U' | 'RQ' | 'NRQ' | 'TQ' | 'CQ' | 'Ry' | 'Rt' | 'CRy' | 'CRt' | 'C' | 'CC' | 'F' | 'T' | 's';

/** An index into the table, and what the function there is called with, without a sign. */
export interface Closure {
  fun: number;
  env: bigint;
}

export interface OutgoingCall {
  callee: Uint8Array;
  method: string;
  arg: Uint8Array;
  cycles: bigint;
  /** What sending it cost, beside its cycles. */
  fee: bigint;
  onReply: Closure;
  onReject: Closure;
  onCleanup?: Closure;
  /** Nanoseconds since the epoch; 0 waits for ever. */
  deadline: bigint;
}

export type Answer = { kind: 'reply'; data: Uint8Array } | { kind: 'reject'; message: string };

/** What a message knows, and what it has done so far. Nothing of it is the canister's until it is committed. */
export interface Message {
  readonly role: Role;
  readonly time: bigint;
  readonly caller: Uint8Array;
  readonly callerInfo?: { info: Uint8Array; signer: Uint8Array };
  readonly method: string;
  readonly arg: Uint8Array;
  readonly rejectCode: number;
  readonly rejectMessage: string;
  readonly deadline: bigint;
  readonly refunded: bigint;
  readonly certificate?: () => Uint8Array;
  /** Whether the call may still be answered. */
  readonly answerable: boolean;
  readonly instructionLimit: bigint;
  /** Instructions that earlier messages of the same call used. */
  readonly contextInstructions: bigint;
  available: bigint;
  balance: bigint;
  /** Cycles destroyed by `cycles_burn128`. */
  burnt: bigint;
  answer?: Answer;
  readonly reply: Uint8Array[];
  readonly calls: OutgoingCall[];
  pending?: Partial<OutgoingCall> & { data: Uint8Array[] };
  certified?: Uint8Array;
  timer?: bigint;
  accepted: boolean;
  /** What it has touched of the stable memory; nothing yet if absent. */
  touched?: TouchedPages;
  /** Cycles that it has set aside for the memory that it took. */
  reserved: bigint;
  readonly log: string[];
  /** Set when it has run. */
  instructions: bigint;
}

const NOTHING = new Uint8Array();

export function newMessage(
  given: Pick<Message, 'role' | 'time' | 'balance' | 'instructionLimit'> & Partial<Message>,
): Message {
  return {
    caller: NOTHING,
    method: '',
    arg: NOTHING,
    rejectCode: 0,
    rejectMessage: '',
    deadline: 0n,
    refunded: 0n,
    answerable: false,
    contextInstructions: 0n,
    available: 0n,
    burnt: 0n,
    reserved: 0n,
    reply: [],
    calls: [],
    accepted: false,
    log: [],
    instructions: 0n,
    ...given,
  };
}
