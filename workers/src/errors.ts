import { CodedError } from '@livepod/protocol';

export type WorkerErrorCode = 'badConfiguration' | 'unknownBuild';

/** Why a process of this package does not start. */
export class WorkerError extends CodedError<WorkerErrorCode> {}
