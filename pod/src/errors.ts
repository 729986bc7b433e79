import { errorsOf } from '@livepod/protocol';

/** Why a pod did not do what its channel asked for, or went back on it. */
export class PodError extends errorsOf({
  invalidArguments: 'person',
  network: 'way',
  tooLarge: 'way',
  untrustedMetadata: 'way',
  staleMetadata: 'way',
  metadataRollback: 'way',
  wrongSigner: 'artifact',
  damagedDownload: 'way',
  wrongHash: 'device',
  notOfficial: 'artifact',
  modelDoesNotLoad: 'artifact',
  selfTestDiffers: 'artifact',
  runtimeDied: 'artifact',
  runtimeHangs: 'artifact',
  stateDamaged: 'device',
}) {}
export type PodErrorCode = PodError['code'];

/** The sentence a pod writes into its history and its log. */
export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
