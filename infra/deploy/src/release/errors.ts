import { errorsOf } from '@livepod/protocol';

/** Why there is no release. Nothing was tagged; what was changed in the tree is told by git. */
export class ReleaseError extends errorsOf({
  badVersion: 'person',
  notNewer: 'person',
  notClean: 'person',
  tagTaken: 'person',
  changelogEmpty: 'person',
  testsFailed: 'artifact',
  commandFailed: 'host',
  noWasm: 'host',
}) {}
export type ReleaseErrorCode = ReleaseError['code'];
