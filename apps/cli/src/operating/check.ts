import { canisterChecks } from '@livepod/activities/checks';
import type { CheckedWorkflow } from '@livepod/activities/ports';
import { foundBesides, notCompared, type Finding } from '@livepod/protocol';
import { connect } from '@livepod/client';
import { nexusProviders } from '@livepod/workers/providers';
import { dataConverter, keysFor } from '@livepod/workers/temporal';
import { INPUT_TYPES, readInput } from '@livepod/workflows';
import { withTemporal, type Place } from './place.js';

export type StartableType = (typeof INPUT_TYPES)[number];

/** Everything that is wrong with an input, as the workflow would say it; begins nothing. */
export async function wrongWith(place: Place, type: StartableType, value: unknown): Promise<Finding[]> {
  const read = readInput(type, value);
  const { findings, rest } = 'value' in read ? { findings: [], rest: read.value } : read;
  if (type === 'treasuryWatch' || rest === undefined) return findings;
  try {
    return foundBesides(findings, await saidByTheWorld(place, type, rest));
  } catch (error) {
    if (findings.length === 0) throw error;
    return [...findings, notCompared((error as Error).message)];
  }
}

const saidByTheWorld = (place: Place, workflow: CheckedWorkflow, input: object): Promise<Finding[]> =>
  withTemporal(place, async ({ connection }) => {
    const providers = nexusProviders((work) => work(connection), dataConverter(keysFor(place.file)));
    const checks = canisterChecks({ clients: await connect(place.network), providers });
    return (await checks.input({ workflow, input: { ...input } })).findings;
  });
