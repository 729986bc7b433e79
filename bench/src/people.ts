import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DataSchema, Recording } from '@livepod/recipes';
import { cache, recordingsIn } from '@livepod/stack';
import { BenchError } from './benchmark.js';

/**
 * The data set that the story runs on: recordings by person, and how they are to be read.
 * @throws BenchError `invalidArguments` when there are none
 */
export async function peoplesRecordings(
  data: string | undefined,
): Promise<{ name: string; schema: DataSchema; people: Map<string, Recording[]> }> {
  const recordings =
    (data && (await recordingsIn(data))) ||
    (await recordingsIn(cache('data', 'sp-sw-har'))) ||
    (await recordingsIn(cache('data', 'hapt')));
  if (!recordings)
    throw new BenchError(
      'invalidArguments',
      { data },
      'There are no recordings; give --data DIR, set LIVEPOD_DATA, or run npm start once, which fetches some.',
    );
  const { folder, rateMilliHz, labels, device, name } = recordings;
  const channels = [
    ...['x_acc', 'y_acc', 'z_acc'].map((axis) => ({ name: axis, unit: 'm/s2' })),
    ...['x_gyro', 'y_gyro', 'z_gyro'].map((axis) => ({ name: axis, unit: 'rad/s' })),
  ];
  const people = new Map<string, Recording[]>();
  for (const person of recordings.people) {
    const files = (await readdir(join(folder, person))).filter((file) => file.endsWith('_sw.csv')).sort();
    people.set(
      person,
      await Promise.all(
        files.map(async (file) => ({ name: `${person}/${file}`, bytes: await readFile(join(folder, person, file)) })),
      ),
    );
  }
  return { name, schema: { channels, rateMilliHz, labels: [...labels], device }, people };
}
