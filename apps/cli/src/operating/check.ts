import { canisterChecks } from '@livepod/activities/checks';
import type { Finding } from '@livepod/protocol';
import { connect } from '@livepod/client';
import { nexusProviders } from '@livepod/workers/providers';
import { dataConverter, keysFor } from '@livepod/workers/temporal';
import { INPUT_TYPES, readInput } from '@livepod/workflows';
import { withTemporal, type Place } from './place.js';

export type StartableType = (typeof INPUT_TYPES)[number];

/** Everything that is wrong with an input, as the workflow would say it; begins nothing. */
export async function wrongWith(place: Place, type: StartableType, value: unknown): Promise<Finding[]> {
  const read = readInput(type, value);
  if ('findings' in read) return read.findings;
  if (type === 'treasuryWatch') return [];
  return withTemporal(place, async ({ connection }) => {
    const providers = nexusProviders((work) => work(connection), dataConverter(keysFor(place.file)));
    const checks = canisterChecks({ clients: await connect(place.network), providers });
    return (await checks.input({ workflow: type, input: { ...read.value } })).findings;
  });
}
