import { CodedError } from '@livepod/protocol';

export type WorkerErrorCode = 'badConfiguration' | 'badArguments' | 'workflowFailed' | 'unknownBuild';

/** Why a process of this package does not start, or a command does not work. */
export class WorkerError extends CodedError<WorkerErrorCode> {}
