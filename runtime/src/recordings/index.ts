import { RuntimeError } from '../errors.js';
import { activity } from './activity.js';
import { placeOf, type Finding } from './finding.js';
import { motion } from './motion.js';
import type { Modality, Reading, Recording, Track, Wanted } from './recording.js';

/** Every kind of records there is: one line each. */
export const MODALITIES: Readonly<Record<string, Modality>> = { motion, activity };

/** @throws RuntimeError `unknownModality` */
export function modalityOf(name: string): Modality {
  if (Object.hasOwn(MODALITIES, name)) return MODALITIES[name]!;
  throw new RuntimeError(
    'unknownModality',
    { modality: name },
    `Records of modality ${name} cannot be read here; ${Object.keys(MODALITIES).join(' and ')} can.`,
  );
}

/**
 * The stretches of a recording that is fit for use.
 * @throws RuntimeError `badRecording` · `unknownLabel`: the first finding that refuses it, by its place, never by what
 *   stands there
 */
export async function readRecording(modality: Modality, recording: Recording, wanted: Wanted): Promise<Track[]> {
  return tracksOf(recording, await modality.inspect(recording, wanted));
}

/** As {@link readRecording}, of what was inspected already. */
export function tracksOf({ name }: Recording, { tracks, findings }: Reading): Track[] {
  const finding = findings.find(({ refused }) => refused);
  if (finding) throw refusalOf(name, finding);
  return tracks;
}

function refusalOf(recording: string, finding: Finding): RuntimeError {
  const { code, line, column, field, expected, remedy } = finding;
  const place = placeOf(finding);
  return new RuntimeError(
    code === 'unknownLabel' ? 'unknownLabel' : 'badRecording',
    { recording, finding: code, line, column, field },
    `Recording ${recording}${place && `, ${place}`}: ${code}${expected ? `, expected ${expected}` : ''}. ${remedy}`,
  );
}

export { Findings, placeOf, type Finding, type FindingCode } from './finding.js';
export { personOf, type Modality, type Reading, type Recording, type Track, type Wanted } from './recording.js';
