/**
 * What a pod may say of a failure: `<code>: <counts>`, with a code of a closed set and no other text. Only a fault of
 * the checkpoint's own counts against it, whoever meets it; one of the device's counts against nobody. The Rust of it
 * is `protocol::blame`; both are held to `vectors/blame.json`.
 */

/** Faults of the checkpoint's own. */
export const BLAMES = [
  'inferenceFails',
  'modelDoesNotLoad',
  'notOfficial',
  'outputNotFinite',
  'runtimeDied',
  'runtimeHangs',
  'selfTestDiffers',
  'wrongHash',
  'wrongSigner',
] as const;
export type Blame = (typeof BLAMES)[number];

/** Faults of the device's own. */
export const DEVICE_FAULTS = [
  'clockWrong',
  'damagedFile',
  'deviceBusy',
  'diskFull',
  'noMemory',
  'noSensor',
  'notWritable',
] as const;
export type DeviceFault = (typeof DEVICE_FAULTS)[number];

/** All that may be said: `corrected` is the pod's own gate's, `other` whatever else. */
export const FAILURE_CODES = [...BLAMES, ...DEVICE_FAULTS, 'corrected', 'other'] as const;
export type FailureCode = (typeof FAILURE_CODES)[number];

/** What a failure is counted in. */
export const FAILURE_COUNTS = ['corrections', 'windows', 'errors'] as const;

/** A failure as a pod reports it. @param counts  `corrections 40, windows 60` */
export const failureOf = (code: FailureCode, counts = ''): string => `${code}: ${counts}`;

const listed = <C extends string>(codes: readonly C[], failure: string): C | undefined => {
  const [code] = failure.split(':', 1);
  return failure.includes(':') ? codes.find((known) => known === code) : undefined;
};

/** The code of the checkpoint's own faults that a reported failure begins with. */
export const blameOf = (failure: string): Blame | undefined => listed(BLAMES, failure);

/** The code of the device's own faults that it begins with. */
export const deviceFaultOf = (failure: string): DeviceFault | undefined => listed(DEVICE_FAULTS, failure);

const COUNT = `(?:${FAILURE_COUNTS.join('|')}) [0-9]{1,9}`;
const FAILURE = new RegExp(`^(?:${FAILURE_CODES.join('|')}): (?:${COUNT}(?:, ${COUNT})*)?$`);

/** Whether a text is a listed code with counts, and nothing that could name a person. The fleet takes no other. */
export const isFailure = (text: string): boolean => FAILURE.test(text);
