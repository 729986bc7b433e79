import { errorsOf } from '@livepod/protocol';

/**
 * What can be wrong with records, or with a model on this machine. The table in this package's README says what to do
 * about each.
 */
export class RuntimeError extends errorsOf({
  badRecording: 'data',
  unknownLabel: 'data',
  unknownModality: 'host',
  noWindows: 'data',
  modelRefused: 'artifact',
  modelDoesNotLoad: 'artifact',
  selfTestDiffers: 'artifact',
  inferenceFails: 'artifact',
  outputNotFinite: 'artifact',
  outOfMemory: 'host',
  runtimeDied: 'artifact',
  runtimeHangs: 'artifact',
  runtimeKilled: 'host',
  hostBusy: 'host',
}) {}
