/** IC spec: Reject codes. */
export const SYS_FATAL = 1;
export const SYS_TRANSIENT = 2;
export const DESTINATION_INVALID = 3;
export const CANISTER_REJECT = 4;
export const CANISTER_ERROR = 5;
export const SYS_UNKNOWN = 6;

/** Error codes as ic-error-types 0.2 numbers them; the hundreds digit is the reject code. */
export const ERRORS = {
  subnetOversubscribed: 101,
  canisterIdExists: 205,
  stopTimeout: 206,
  outOfCycles: 207,
  installCodeRateLimit: 209,
  heapDeltaRateLimit: 210,
  canisterNotFound: 301,
  snapshotNotFound: 305,
  insufficientCycles: 403,
  subnetNotFound: 404,
  rejectedAtTheDoor: 406,
  unknownManagementMethod: 407,
  invalidPayload: 408,
  snapshotImmutable: 409,
  invalidSubnetAdmin: 410,
  trapped: 502,
  calledTrap: 503,
  contractViolation: 504,
  invalidWasm: 505,
  didNotReply: 506,
  outOfMemory: 507,
  stopped: 508,
  stopping: 509,
  notStopped: 510,
  stopCancelled: 511,
  invalidController: 512,
  functionNotFound: 513,
  nonEmpty: 514,
  callLoop: 517,
  insufficientCyclesInCall: 520,
  engine: 521,
  instructionLimit: 522,
  memoryAccessLimit: 524,
  callGraphTooDeep: 525,
  callGraphInstructions: 526,
  queryTimeLimit: 528,
  insufficientCyclesInComputeAllocation: 530,
  insufficientCyclesInMemoryAllocation: 531,
  insufficientCyclesInMemoryGrow: 532,
  reservedCyclesInMemoryAllocation: 533,
  reservedCyclesInMemoryGrow: 534,
  methodNotFound: 536,
  moduleNotFound: 537,
  alreadyInstalled: 538,
  wasmMemoryLimit: 539,
  reservedCyclesLimitTooLow: 540,
  compositeQueryInReplicatedMode: 527,
  deadlineExpired: 601,
} as const;

export type ErrorName = keyof typeof ERRORS;

/** A refusal by the system or by a canister: what becomes of a call that is not replied to. */
export interface Rejection {
  code: number;
  message: string;
  /** such as `IC0503` */ errorCode: string;
}

/** Thrown to refuse a call. */
export class Reject extends Error {
  readonly rejection: Rejection;

  constructor(name: ErrorName, message: string) {
    super(message);
    this.rejection = rejection(name, message);
  }
}

export function rejection(name: ErrorName, message: string): Rejection {
  const number = ERRORS[name];
  return { code: Math.floor(number / 100), message, errorCode: `IC${String(number).padStart(4, '0')}` };
}

/** A canister's own `msg_reject`. */
export function rejectedByCanister(message: string): Rejection {
  return { code: CANISTER_REJECT, message, errorCode: 'IC0406' };
}

/** As another canister gets it: the error code leads the text, except in a canister's own words. */
export function towardsCanister(why: Rejection): { code: number; message: string } {
  return { code: why.code, message: why.errorCode === 'IC0406' ? why.message : `${why.errorCode}: ${why.message}` };
}
