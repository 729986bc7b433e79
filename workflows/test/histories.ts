import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';

/** Recorded runs, for the replay test. */
export const histories = new URL('histories/', import.meta.url);

/** A history as `temporal workflow show --output json` writes it, without the machine's name and paths. */
export const historyJson = (history: Parameters<typeof historyToJSON>[0]): string =>
  `${historyToJSON(history).replaceAll(/"identity": "[^"]*"/g, '"identity": "stage"').replaceAll(/"stackTrace": "(?:[^"\\]|\\.)*"/g, '"stackTrace": ""')}\n`;
