import { CodedError } from '@livepod/protocol';

export type CliErrorCode = 'badConfiguration' | 'badArguments' | 'workflowFailed';

/** Why a command does not work. */
export class CliError extends CodedError<CliErrorCode> {}
