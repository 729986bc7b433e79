import { errorsOf } from '@livepod/protocol';

/** Why a command does not work. */
export class CliError extends errorsOf({
  badConfiguration: 'host',
  badArguments: 'person',
  workflowFailed: 'way',
}) {}
export type CliErrorCode = CliError['code'];
