import { IcError } from '../errors.js';
import type { ErrorName } from '../subnet/reject.js';

/** Breaches of contract that are told without the word contract. */
type Reason = ErrorName | 'environment' | 'invalidPrincipal';

/** Ends the message under way; what it did is undone. */
export class Trap extends Error {
  readonly reason: ErrorName;
  /** What callers are told. */
  readonly sentence: string;

  constructor(reason: Reason, message: string, sentence = sentenceOf(reason, message)) {
    super(message);
    this.reason = reason === 'environment' || reason === 'invalidPrincipal' ? 'contractViolation' : reason;
    this.sentence = sentence;
  }

  /** A callback's trap, of which the cleanup trapped too. */
  followedBy(cleanup: Trap | undefined): Trap {
    return cleanup
      ? new Trap(this.reason, this.message, `${this.sentence}\n\ncall_on_cleanup also failed:\n\n${cleanup.sentence}`)
      : this;
  }
}

export const STACK_OVERFLOW = 'stack overflow';

/** V8's words for a Wasm trap, in the replica's. */
const WORDS: [RegExp, string][] = [
  [/unreachable/, 'unreachable'],
  [/memory access out of bounds/, 'heap out of bounds'],
  [/divide by zero|remainder by zero/, 'integer division by 0'],
  [/divide result unrepresentable|integer overflow/, 'integer overflow'],
  [/float unrepresentable/, 'failed to convert float to int'],
  [/table index is out of bounds|table access out of bounds/, 'table out of bounds'],
  [/null function|signature mismatch|function signature/, 'indirect call type mismatch or null'],
];

/**
 * What became of a message, from what its execution threw.
 *
 * @param cutOff  the limit of instructions, if that ended it
 * @throws IcError when not the message failed but the host, as on a damaged page
 */
export function trapOf(thrown: unknown, cutOff: bigint | undefined): Trap {
  if (thrown instanceof Trap) return thrown;
  if (thrown instanceof IcError) throw thrown;
  if (cutOff !== undefined) return outOfInstructions(cutOff);
  if (thrown instanceof RangeError) return new Trap('trapped', STACK_OVERFLOW);
  const said = thrown instanceof Error ? thrown.message : String(thrown);
  if (!(thrown instanceof WebAssembly.RuntimeError)) return new Trap('engine', `The execution engine failed: ${said}`);
  return new Trap('trapped', WORDS.find(([pattern]) => pattern.test(said))?.[1] ?? said);
}

function sentenceOf(reason: Reason, message: string): string {
  switch (reason) {
    case 'calledTrap':
      return `Canister called \`ic0.trap\` with message: '${message}'`;
    case 'contractViolation':
      return `Canister violated contract: ${message}`;
    case 'trapped':
      return `Canister trapped: ${message}`;
    default:
      return message;
  }
}

/** @param limit  of the message that used it up */
export function outOfInstructions(limit: bigint): Trap {
  return new Trap(
    'instructionLimit',
    `Canister exceeded the limit of ${limit} instructions for single message execution.`,
  );
}

/** What the canister's log shows of it. */
export function logged(trap: Trap): string {
  return `[TRAP]: ${trap.reason === 'calledTrap' ? trap.message || '(no message)' : trap.sentence}`;
}
