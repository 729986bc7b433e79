import { CodedError } from '@livepod/protocol';

export type ReleaseErrorCode =
  'badVersion' | 'notNewer' | 'notClean' | 'tagTaken' | 'changelogEmpty' | 'testsFailed' | 'commandFailed' | 'noWasm';

/** Why there is no release. Nothing was tagged; what was changed in the tree is told by git. */
export class ReleaseError extends CodedError<ReleaseErrorCode> {}
