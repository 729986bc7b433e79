import { CodedError } from '@livepod/protocol';

export type PodErrorCode =
  | 'invalidArguments'
  | 'network'
  | 'tooLarge'
  | 'untrustedMetadata'
  | 'staleMetadata'
  | 'metadataRollback'
  | 'wrongSigner'
  | 'damagedDownload'
  | 'wrongHash'
  | 'notOfficial'
  | 'modelDoesNotLoad'
  | 'selfTestDiffers'
  | 'runtimeDied'
  | 'runtimeHangs'
  | 'stateDamaged';

/** Why a pod did not do what its channel asked for, or went back on it. */
export class PodError extends CodedError<PodErrorCode> {}

/** The sentence a pod writes into its history and its log. */
export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
