import { RuntimeError } from '../errors.js';
import { activity } from './activity.js';
import { motion } from './motion.js';
import type { Modality } from './recording.js';

/** Every kind of records there is: one line each. */
const MODALITIES: Record<string, Modality> = { motion, activity };

/** @throws RuntimeError `unknownModality` */
export function modalityOf(name: string): Modality {
  if (Object.hasOwn(MODALITIES, name)) return MODALITIES[name]!;
  throw new RuntimeError(
    'unknownModality',
    { modality: name },
    `Records of modality ${name} cannot be read here; ${Object.keys(MODALITIES).join(' and ')} can.`,
  );
}

export { personOf, type Modality, type Recording, type Track, type Wanted } from './recording.js';
