import { RecipeError } from './errors.js';

/** How recordings are to be read: the `schema` of a dataset manifest (livepod.dataset/v1). */
export interface MotionSchema {
  channels: { name: string; unit: string }[];
  /** Samples per 1000 seconds. */
  rateMilliHz: number;
  labels: string[];
  device?: string;
}

/** One file as a contributor uploaded it. The person is the name up to the first `/` or `_` unless given. */
export interface Recording {
  name: string;
  csv: Uint8Array | string;
  person?: string;
}

export function personOf(recording: Recording): string {
  return recording.person ?? recording.name.split(/[/_]/)[0]!;
}

/**
 * Neighbouring channels of one unit are the axes of one sensor: they turn and scale together, and have a magnitude.
 * @returns column indices per sensor, e.g. [[0, 1, 2], [3, 4, 5]] for accelerometer and gyroscope
 */
export function sensorsOf(schema: MotionSchema): number[][] {
  const sensors: number[][] = [];
  schema.channels.forEach((channel, at) => {
    const last = sensors.at(-1);
    if (last && last.length < 3 && schema.channels[last[0]!]!.unit === channel.unit) last.push(at);
    else sensors.push([at]);
  });
  return sensors;
}

/** @throws RecipeError `badRecording` when two datasets of one job do not describe the same channels and labels */
export function requireSameSchema(first: MotionSchema, other: MotionSchema, name: string): void {
  const shape = (schema: MotionSchema) => JSON.stringify([schema.channels, schema.labels, schema.rateMilliHz]);
  if (shape(first) === shape(other)) return;
  throw new RecipeError(
    'badRecording',
    { dataset: name },
    `Dataset ${name} has other channels, labels or rate than the first; train on datasets with one schema.`,
  );
}
