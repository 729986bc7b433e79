import { AgentError, ErrorKindEnum } from '@dfinity/agent';
import { CodedError, type Origin } from '@livepod/protocol';
import type { Error as AccessFailure } from './generated/access.js';
import type { Error as BucketFailure } from './generated/bucket.js';
import type { Error as DatasetsFailure } from './generated/datasets.js';
import type { Error as FleetFailure } from './generated/fleet.js';
import type { Error as GovernanceFailure } from './generated/governance.js';
import type { ApproveError, TransferError, TransferFromError } from './generated/ledger.js';
import type { Error as ModelsFailure } from './generated/models.js';
import type { Error as TreasuryFailure } from './generated/treasury.js';

type Arm<V> = V extends unknown ? Uncapitalize<keyof V & string> : never;

/** What a canister may answer with: the arms of all error variants in lower camel case. */
export type CanisterAnswerCode = Arm<
  | AccessFailure
  | BucketFailure
  | DatasetsFailure
  | FleetFailure
  | GovernanceFailure
  | ModelsFailure
  | TreasuryFailure
  | TransferError
  | ApproveError
  | TransferFromError
>;

/**
 * governance's `error_type`s that have a name of their own (dfinity/ic rs/sns/governance, GovernanceError.ErrorType).
 */
export type GovernanceCode =
  | 'notAuthorized'
  | 'preconditionFailed'
  | 'notFound'
  | 'invalidCommand'
  | 'insufficientFunds'
  | 'invalidProposal'
  | 'voteClosed'
  | 'alreadyVoted'
  | 'limitExceeded'
  | 'withdrawn'
  | 'external'
  | 'refused';

/**
 * - `network`: no answer was had (connection, time-out, a canister that is stopped or busy): repeat later; every update
 *   may be repeated
 * - `rejected`: the canister trapped or rejected the call, or is not there
 * - `untrusted`: the answer's certificate or signature does not verify under the root key
 * - `invalid`: also what a validator of a governed method refused, and local misuse
 */
export type CanisterErrorCode = CanisterAnswerCode | GovernanceCode | 'network' | 'rejected' | 'untrusted' | 'invalid';

/** Codes of an answer that was not had, or cannot be believed: nothing is wrong with the call. */
export const NOT_ANSWERED: ReadonlySet<string> = new Set([
  'network',
  'busy',
  'unavailable',
  'temporarilyUnavailable',
  'rejected',
  'untrusted',
]);

/** What went wrong in a call: `details` has `canister`, `method`, and `subject` or the reject's fields. */
export class CanisterError extends CodedError<CanisterErrorCode> {
  /** A canister that cannot be reached or believed is the way's; what it refuses was asked by a person. */
  get origin(): Origin {
    return NOT_ANSWERED.has(this.code) ? 'way' : 'person';
  }
}

/** True when the same call may be repeated as it is: nothing was answered, or the canister says it is busy. */
export function isTransient(error: unknown): boolean {
  return (
    error instanceof CanisterError && ['network', 'busy', 'unavailable', 'temporarilyUnavailable'].includes(error.code)
  );
}

/**
 * The error for `Err` of a method's result: an arm with a Why (ours), an arm with other fields (ICRC), or text
 * (validators).
 */
export function answerError(canister: string, method: string, failure: unknown): CanisterError {
  if (typeof failure === 'string') return new CanisterError('invalid', { canister, method }, failure);
  const [arm, why] = Object.entries(failure as Record<string, unknown>)[0] ?? ['Unknown', null];
  const code = (arm.charAt(0).toLowerCase() + arm.slice(1)) as CanisterErrorCode;
  if (isWhy(why)) {
    return new CanisterError(
      code,
      { canister, method, subject: why.subject },
      `${why.subject}: ${why.message}; ${why.remedy}.`,
    );
  }
  const fields = why === null ? {} : (why as Record<string, unknown>);
  const words = Object.entries(fields)
    .map(([name, value]) => `${name.replaceAll('_', ' ')} ${String(value)}`)
    .join(', ');
  return new CanisterError(
    code,
    { canister, method, ...fields },
    `${canister} refused ${method}: ${arm}${words ? ` (${words})` : ''}.`,
  );
}

function isWhy(value: unknown): value is { subject: string; message: string; remedy: string } {
  return typeof value === 'object' && value !== null && 'remedy' in value && 'message' in value && 'subject' in value;
}

/** The error for a call that brought no answer: sorts the agent's kinds into ours. */
export function callError(canister: string, method: string, error: unknown): CanisterError {
  if (error instanceof CanisterError) return error;
  const details: Record<string, unknown> = { canister, method };
  const text = error instanceof Error ? error.message : String(error);
  if (!(error instanceof AgentError)) {
    // Candid refuses arguments of the wrong shape before anything is sent.
    return new CanisterError('invalid', details, `${method} of ${canister} was not called: ${text}`, { cause: error });
  }
  if (error.kind === ErrorKindEnum.Reject) {
    const reject = error.code as unknown as { rejectCode?: number; rejectMessage?: string; rejectErrorCode?: string };
    Object.assign(details, { rejectCode: reject.rejectCode, rejectErrorCode: reject.rejectErrorCode });
    const transient =
      reject.rejectCode === 2 ||
      reject.rejectCode === 6 ||
      reject.rejectErrorCode === 'IC0508' ||
      reject.rejectErrorCode === 'IC0509';
    return new CanisterError(
      transient ? 'network' : 'rejected',
      details,
      `${canister} rejected ${method}: ${reject.rejectMessage ?? text}`,
      { cause: error },
    );
  }
  if (error.kind === ErrorKindEnum.Trust) {
    return new CanisterError(
      'untrusted',
      details,
      `The answer to ${method} of ${canister} does not verify (${firstLine(text)}); check the root key in ` +
        'network.json.',
      { cause: error },
    );
  }
  if (error.kind === ErrorKindEnum.Input || error.kind === ErrorKindEnum.External) {
    return new CanisterError('invalid', details, `${method} of ${canister} was not called: ${firstLine(text)}`, {
      cause: error,
    });
  }
  return new CanisterError(
    'network',
    details,
    `${canister} could not be reached for ${method} (${firstLine(text)}); see that the IC host runs, then repeat.`,
    { cause: error },
  );
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? text;
}
