import { BLAMES, CodedError, errorsOf, type Blame } from '@livepod/protocol';

/** Why a pod did not do what its channel or its owner asked for, or went back on it: each code, and whose it is. */
export class PodError extends errorsOf({
  invalidArguments: 'person',
  badFile: 'person',
  portTaken: 'person',
  stateInUse: 'person',
  noRecordings: 'person',
  badRequest: 'person',
  bodyTooLarge: 'person',
  notJson: 'person',
  notLoopback: 'person',
  noToken: 'person',
  notRunning: 'person',
  unknownPath: 'person',
  wrongMethod: 'person',
  unknownAnswer: 'person',
  answerIsOld: 'person',
  alreadyJudged: 'person',
  noModel: 'device',
  network: 'way',
  notTheRepository: 'way',
  tooLarge: 'way',
  untrustedMetadata: 'way',
  staleMetadata: 'way',
  metadataRollback: 'way',
  damagedDownload: 'way',
  wrongSigner: 'artifact',
  wrongHash: 'artifact',
  notOfficial: 'artifact',
  modelDoesNotLoad: 'artifact',
  selfTestDiffers: 'artifact',
  inferenceFails: 'artifact',
  outputNotFinite: 'artifact',
  runtimeDied: 'artifact',
  runtimeHangs: 'artifact',
  corrected: 'artifact',
  runtimeKilled: 'device',
  deviceBusy: 'device',
  putOff: 'device',
  slotDamaged: 'device',
  stateDamaged: 'device',
  clockWrong: 'device',
}) {}
export type PodErrorCode = PodError['code'];

/** Whether a code is on the one list of those that may count against a checkpoint (protocol, blame). */
export const isBlame = (code: string): code is Blame => (BLAMES as readonly string[]).includes(code);

/**
 * Whether an error is the checkpoint's own: a pod refuses it, leaves it and reports it for these and for nothing else.
 * Whatever else happens (a full disk, a killed process, a mirror that is away) is told as trouble and tried again, and
 * the model that runs stays.
 */
export const isOfTheArtifact = (error: unknown): error is PodError & { code: Blame } =>
  error instanceof PodError && error.origin === 'artifact' && isBlame(error.code);

/** The sentence a pod writes into its history and its log. */
export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What a program calls an error: ours, Node.js's (`ENOSPC`), or nothing that is known. */
export function codeOf(error: unknown): string {
  if (error instanceof CodedError) return error.code;
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : 'unexpected';
}
