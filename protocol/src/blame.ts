/**
 * What may count against a checkpoint: codes of faults that are its own, whoever meets them. The Rust of it is
 * `protocol::blame`; both are held to `vectors/blame.json`.
 */
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

/** A failure as a pod reports it: `<code>: <sentence>`. */
export const blameText = (code: Blame, sentence: string): string => `${code}: ${sentence}`;

/** The listed code that a reported failure begins with; none for any other text, which counts as trouble only. */
export function blameOf(failure: string): Blame | undefined {
  const [code] = failure.split(':', 1);
  return failure.includes(':') ? BLAMES.find((listed) => listed === code) : undefined;
}
