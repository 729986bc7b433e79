import { IcError } from '../errors.js';
import type { ErrorName } from '../subnet/reject.js';

/** Ends the message under way; what it did is undone. */
export class Trap extends Error {
  readonly reason: ErrorName;

  constructor(reason: ErrorName, message: string) {
    super(message);
    this.reason = reason;
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

/** What became of a message, from what its execution threw. @throws IcError when not the message failed but the host, as on a damaged page */
export function trapOf(thrown: unknown, outOfInstructions: boolean): Trap {
  if (thrown instanceof Trap) return thrown;
  if (thrown instanceof IcError) throw thrown;
  if (outOfInstructions) return new Trap('instructionLimit', 'exceeded the instruction limit for single message execution');
  if (thrown instanceof RangeError) return new Trap('trapped', STACK_OVERFLOW);
  const said = thrown instanceof Error ? thrown.message : String(thrown);
  if (!(thrown instanceof WebAssembly.RuntimeError)) return new Trap('engine', `The execution engine failed: ${said}`);
  return new Trap('trapped', WORDS.find(([pattern]) => pattern.test(said))?.[1] ?? said);
}

/** The sentence that callers get. */
export function sentence(trap: Trap): string {
  switch (trap.reason) {
    case 'calledTrap': return `Canister called \`ic0.trap\` with message: '${trap.message}'`;
    case 'instructionLimit': return 'Canister exceeded the instruction limit for single message execution.';
    case 'contractViolation': return `Canister violated contract: ${trap.message}`;
    case 'trapped': return `Canister trapped: ${trap.message}`;
    default: return trap.message;
  }
}

/** What the canister's log shows of it. */
export function logged(trap: Trap): string {
  return `[TRAP]: ${trap.reason === 'calledTrap' ? trap.message : sentence(trap)}`;
}
