import { inspectMotion } from '@livepod/runtime/recordings/motion';
import { tracksOf, type Recording, type Track, type Wanted } from '@livepod/runtime/recordings';
import { RecipeError } from './errors.js';

/** How recordings are to be read: the `schema` of a dataset manifest. */
export interface DataSchema {
  channels: { name: string; unit: string }[];
  /** Samples per 1000 seconds. */
  rateMilliHz: number;
  labels: string[];
  device?: string;
}

/** All that a schema names. */
export const wantedOf = ({ channels, labels, rateMilliHz }: Named): Wanted => ({
  channels: channels.map(({ name }) => name),
  labels,
  ...(rateMilliHz === undefined ? {} : { rateMilliHz }),
});
type Named = Pick<DataSchema, 'channels' | 'labels'> & Partial<Pick<DataSchema, 'rateMilliHz'>>;

/** The stretches of one recording of motion. @throws RuntimeError `badRecording` · `unknownLabel` */
export const parseRecording = (recording: Recording, schema: Named): Track[] =>
  tracksOf(recording, inspectMotion(recording, wantedOf(schema)));

export type { Recording, Track };

/**
 * Neighbouring channels of one unit are the axes of one sensor: they turn and scale together, and have a magnitude.
 * @returns column indices per sensor, e.g. [[0, 1, 2], [3, 4, 5]] for accelerometer and gyroscope
 */
export function sensorsOf(schema: DataSchema): number[][] {
  const sensors: number[][] = [];
  schema.channels.forEach((channel, at) => {
    const last = sensors.at(-1);
    if (last && last.length < 3 && schema.channels[last[0]!]!.unit === channel.unit) last.push(at);
    else sensors.push([at]);
  });
  return sensors;
}

/** @throws RecipeError `unsuitableSchema` when two datasets of one job do not describe the same channels and labels */
export function requireSameSchema(first: DataSchema, other: DataSchema, name: string): void {
  const shape = (schema: DataSchema) => JSON.stringify([schema.channels, schema.labels, schema.rateMilliHz]);
  if (shape(first) === shape(other)) return;
  throw new RecipeError(
    'unsuitableSchema',
    { dataset: name },
    `Dataset ${name} has other channels, labels or rate than the first; train on datasets with one schema.`,
  );
}
