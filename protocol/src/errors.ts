/**
 * Whose an error is, which says who can mend it, and against whom it may count: the person at the command, this device
 * (a pod's), this host (a server's or worker's), the way between two machines, the data, or the artifact (a checkpoint,
 * a recipe, a dataset's stored form). Only the artifact's own may ever count against a checkpoint.
 */
export type Origin = 'person' | 'device' | 'host' | 'way' | 'data' | 'artifact';

/**
 * An error as data: a code for programs, details with ids for logs, one sentence with a remedy for people.
 * Each package subclasses it by {@link errorsOf} with a closed set of codes.
 */
export abstract class CodedError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly details: Readonly<Record<string, unknown>>;
  abstract readonly origin: Origin;

  constructor(code: Code, details: Record<string, unknown>, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
    this.details = details;
  }
}

/** A package's class of errors from its one table: each code, and whose it is. */
export function errorsOf<const Origins extends Readonly<Record<string, Origin>>>(origins: Origins) {
  return class extends CodedError<keyof Origins & string> {
    get origin(): Origin {
      return origins[this.code]!;
    }
  };
}

/** What Node.js calls failures of the way to another machine. */
const WAY = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EHOSTUNREACH', 'EPIPE']);

/**
 * Whose any error is. One that nobody foresaw is this machine's: a mistake of ours never counts against somebody else.
 *
 * @param machine  what this program runs on: a pod's device, or a host
 */
export function originOf(error: unknown, machine: 'device' | 'host' = 'host'): Origin {
  if (error instanceof CodedError) return error.origin;
  const code = (error as { code?: unknown } | null)?.code;
  if (WAY.has(code as string)) return 'way';
  const cause = (error as { cause?: unknown } | null)?.cause;
  return cause === error ? machine : originOf(cause, machine);
}

/** The innermost reason that an error has: what happened, under everything that only says where. */
export function innermost(error: unknown): unknown {
  let found = error;
  for (let depth = 0; depth < 20; depth++) {
    const cause = (found as { cause?: unknown } | null)?.cause;
    if (cause === undefined || cause === null) break;
    found = cause;
  }
  return found;
}

/** What can be wrong with bytes that claim to follow the protocol. */
export class ProtocolError extends errorsOf({
  notCanonical: 'artifact',
  invalidDocument: 'artifact',
  invalidManifest: 'artifact',
  tooLong: 'artifact',
  wrongSignature: 'artifact',
  wrongHash: 'artifact',
  chunkDamaged: 'artifact',
  chunkTooLarge: 'artifact',
  invalidHex: 'artifact',
  invalidPrincipal: 'artifact',
  invalidToken: 'person',
}) {}
export type ProtocolErrorCode = ProtocolError['code'];
