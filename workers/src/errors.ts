import { errorsOf } from '@livepod/protocol';

/** Why a process of this package does not start. */
export class WorkerError extends errorsOf({
  badConfiguration: 'person',
  unknownBuild: 'host',
}) {}
export type WorkerErrorCode = WorkerError['code'];
