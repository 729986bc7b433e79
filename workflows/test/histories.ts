import { readdir, readFile } from 'node:fs/promises';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { temporal } from '@temporalio/proto';

export type History = temporal.api.history.v1.IHistory;

/** One folder per version of the workflows that ever ran in the field: see its README. */
export const folder = new URL('histories/', import.meta.url);

export interface Recorded {
  version: number;
  /** The workflow id of the run, which is the name of the file. */
  workflowId: string;
  type: string;
  history: History;
}

export async function versions(): Promise<number[]> {
  const names = await readdir(folder);
  return names
    .filter((name) => /^[1-9][0-9]*$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

/** Every recorded history, as the JSON that it was written as; replay takes it so. */
export async function recordedHistories(): Promise<Recorded[]> {
  const all: Recorded[] = [];
  for (const version of await versions()) {
    const place = new URL(`${version}/`, folder);
    for (const name of (await readdir(place)).filter((file) => file.endsWith('.json')).sort()) {
      const history = JSON.parse(await readFile(new URL(name, place), 'utf8')) as History;
      const type = history.events?.[0]?.workflowExecutionStartedEventAttributes?.workflowType?.name ?? '';
      all.push({ version, workflowId: name.replace('.json', ''), type, history });
    }
  }
  return all;
}

/** A history as `temporal workflow show --output json` writes it. */
export const historyJson = (history: History): string => `${historyToJSON(history)}\n`;
