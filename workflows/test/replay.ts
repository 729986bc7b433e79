import { Worker } from '@temporalio/worker';
import { noSinks } from '@livepod/workers';
import { dataConverter } from '@livepod/workers/temporal';
import * as orchestrator from '../src/orchestrator.js';
import * as provider from '../src/provider.js';
import type { Recorded } from './histories.js';

const ENTRIES = { orchestrator: Object.keys(orchestrator), provider: Object.keys(provider) };
export type Bundles = Record<keyof typeof ENTRIES, { code: string }>;

/** Every workflow that a worker of ours runs. */
export const WORKFLOWS: readonly string[] = [...ENTRIES.orchestrator, ...ENTRIES.provider];

/**
 * Replays recorded runs on workflow code.
 *
 * @returns one sentence per run that does not replay: which workflow, what differs, and what to do
 */
export async function replay(bundles: Bundles, recorded: readonly Recorded[]): Promise<string[]> {
  const broken: string[] = [];
  for (const version of new Set(recorded.map((one) => one.version))) {
    for (const entry of Object.keys(ENTRIES) as (keyof typeof ENTRIES)[]) {
      const own = recorded.filter((one) => one.version === version && ENTRIES[entry].includes(one.type));
      const results = Worker.runReplayHistories(
        { workflowBundle: bundles[entry], dataConverter: dataConverter(), sinks: noSinks, replayName: entry },
        own,
      );
      for await (const { workflowId, error } of results)
        if (error)
          broken.push(
            sentence(
              own.find((one) => one.workflowId === workflowId)!,
              error,
            ),
          );
    }
  }
  for (const { version, workflowId, type } of recorded) {
    if (!WORKFLOWS.includes(type))
      broken.push(
        `${type} is gone, but version ${version} ran it (${workflowId}): export it until its last run has ended.`,
      );
  }
  return broken;
}

const sentence = ({ type, version, workflowId }: Recorded, error: Error): string =>
  `${type} no longer replays ${workflowId} of version ${version}: ${why(error.message)}. ` +
  ('Runs of that version that are open would stand still. Keep its order of commands: put the new one behind ' +
    "patched('…') and the old one in the else.");

const why = (message: string): string =>
  message
    .replace(/^.*?(Nondeterminism error: )/s, '')
    .split(/"?, source: /)[0]!
    .slice(0, 300);

/** One sentence per workflow of which no run is recorded in any version. */
export const withoutHistory = (recorded: readonly Recorded[]): string[] =>
  WORKFLOWS.filter((type) => !recorded.some((one) => one.type === type)).map(
    (type) => `${type} has no recorded history: run npm run histories and commit what it writes.`,
  );

/** Changes of the code that a recorded run has gone the new way of. */
export function changesRecorded(recorded: readonly Recorded[]): Set<string> {
  const markers = recorded.flatMap(({ history }) =>
    (history.events ?? []).flatMap((event) => event.markerRecordedEventAttributes?.details?.['patch-data'] ?? []),
  );
  return new Set(
    markers.flatMap(({ payloads }) =>
      (payloads ?? []).map(({ data }) => {
        // JSON has it in base64, whatever its type says.
        const { id } = JSON.parse(Buffer.from(String(data), 'base64').toString()) as { id: string };
        return id;
      }),
    ),
  );
}
