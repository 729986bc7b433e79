import { windowLength } from '@livepod/protocol';
import type { Contract } from '@livepod/runtime';
import { badRequest } from './guard.js';

/** One window, as a model's contract has it. */
export interface Samples {
  columns: readonly string[];
  rows: readonly (readonly number[])[];
}

/**
 * The samples in a request: `samples`, each an object with the contract's channels by name, or `rows`, each an array in
 * the contract's order. As many as the model sees (before, judged and after), or the judged ones alone.
 *
 * @throws PodError `badRequest`, which names the place
 */
export function samplesIn({ samples, rows }: Record<string, unknown>, { input }: Contract): Samples {
  if ((samples === undefined) === (rows === undefined))
    throw badRequest('Send either "samples" (an object of channels each) or "rows" (an array of numbers each).');
  const columns = columnsOf(input);
  const list = samples ?? rows;
  const whole = windowLength(input.window);
  const { judged } = input.window;
  if (!Array.isArray(list) || (list.length !== whole && list.length !== judged))
    throw badRequest(
      `${samples ? '"samples"' : '"rows"'} ${Array.isArray(list) ? `has ${list.length}` : 'is no list'}; this model ` +
        `takes ${whole === judged ? whole : `${whole}, or the ${judged} that it answers for`}` +
        `${input.rateMilliHz === null ? '' : ` at ${input.rateMilliHz / 1000} Hz`}.`,
    );
  const read = samples ? namedRow(columns) : plainRow(columns);
  return { columns, rows: list.map(read) };
}

/** The channels that a model sees, in the order of its tensors. One whose document names none has them by number. */
export function columnsOf(input: Contract['input']): string[] {
  const names = input.tensors.flatMap(({ channels, shape }) =>
    channels ? channels.map(({ name }) => name) : Array.from({ length: shape[1]! }, (_, at) => `${at}`),
  );
  return [...new Set(names)];
}

const namedRow =
  (columns: readonly string[]) =>
  (sample: unknown, at: number): number[] => {
    if (typeof sample !== 'object' || sample === null || Array.isArray(sample))
      throw badRequest(`samples[${at}] is no object of channels.`);
    return columns.map((name) => finite((sample as Record<string, unknown>)[name], `samples[${at}].${name}`));
  };

const plainRow =
  (columns: readonly string[]) =>
  (row: unknown, at: number): number[] => {
    if (!Array.isArray(row) || row.length !== columns.length)
      throw badRequest(`rows[${at}] is no list of ${columns.length} numbers (${columns.join(', ')}).`);
    return row.map((value, column) => finite(value, `rows[${at}][${column}]`));
  };

/** Models compute in float32: 1e39 is no number there. */
function finite(value: unknown, place: string): number {
  if (typeof value === 'number' && Number.isFinite(Math.fround(value))) return value;
  throw badRequest(`${place} is ${value === undefined ? 'missing' : `${JSON.stringify(value)}, no number`}.`);
}
