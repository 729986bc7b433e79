import { Principal } from '@dfinity/principal';
import type { Trail } from '@livepod/client';
import { unhex } from '@livepod/protocol';
import type { Entry, LogName } from '../src/format.js';
import type { ProvenTrail } from '../src/trail.js';
import type { File } from './sample.js';

/** What honest canisters list of the dataset of the sample's first job: read off their logs. */
export function listed(file: File): Trail {
  const all = (name: LogName, type: string): Entry[] =>
    file.canisters[name].log.filter(({ event }) => event['type'] === type);
  const [request] = all('access', 'accessRequested');
  const dataset = (request!.event['datasets'] as string[])[0]!;
  const [registered] = all('datasets', 'registered').filter(({ event }) => event['dataset'] === dataset);
  const jobs = all('access', 'accessRequested').filter(({ event }) =>
    (event['datasets'] as string[]).includes(dataset),
  );
  const numbers = new Set(jobs.map(({ event }) => event['job']));
  const adopted = new Map(all('models', 'checkpointAdopted').map(({ event }) => [event['checkpoint'], event]));
  const paid = all('treasury', 'escrow_paid').filter(({ event }) => event['why'] === `licence of ${dataset}`);
  const trail = {
    dataset: {
      dataset: {
        ...{ id: dataset, uid: unhex(registered!.event['uid'] as string), registered_at: BigInt(registered!.at) },
        contributor: Principal.fromText(registered!.caller),
        status: { accepted: null },
      },
    },
    jobs: jobs.map(({ caller, event }) => ({
      ...{ id: BigInt(event['job'] as number), provider: Principal.fromText(caller), state: { completed: null } },
      ...{ approval_digest: event['approval'], client_ref: event['reference'] },
    })),
    grants: all('access', 'granted')
      .filter(({ event }) => event['dataset'] === dataset)
      .map(({ index, caller, event }) => ({
        grant: {
          ...{ id: BigInt(event['grant'] as number), job: BigInt(event['job'] as number), dataset, why: event['why'] },
          ...{ provider: Principal.fromText(caller), revoked: true },
        },
        entry: [BigInt(index)],
        releases: all('access', 'keyReleased')
          .filter((released) => released.event['grant'] === event['grant'])
          .map(({ index: entry, at }) => ({ entry: BigInt(entry), at: BigInt(at) })),
      })),
    checkpoints: all('models', 'checkpointSubmitted')
      .filter(({ event }) => numbers.has(event['job']))
      .map(({ caller, event }) => {
        const version = adopted.get(event['checkpoint'])?.['version'];
        return {
          ...{ id: event['checkpoint'], job: BigInt(event['job'] as number), model: event['model'] },
          ...{ provider: Principal.fromText(caller), version: version === undefined ? [] : [version] },
          state: version === undefined ? { evaluated: null } : { official: null },
        };
      }),
    payments: all('treasury', 'escrow_funded')
      .filter(({ event }) => numbers.has(event['job']))
      .map(({ caller, event: { escrow, job, amount } }) => ({
        ...{ escrow: BigInt(escrow as number), job: BigInt(job as number), amount: BigInt(amount as string) },
        payer: Principal.fromText(caller),
        payments: paid
          .filter(({ event }) => event['escrow'] === escrow)
          .map(({ event }) => ({
            ...{ to: Principal.fromText(event['to'] as string), amount: BigInt(event['amount'] as string) },
            ...{ why: event['why'], block: [BigInt(event['block'] as string)] },
          })),
      })),
  };
  return trail as unknown as Trail;
}

/** Which facts of a trail are not proven. */
export function unprovenIn({ dataset, jobs, grants, checkpoints, payments }: ProvenTrail): string[] {
  const facts: [string, ProvenTrail['dataset']['proof']][] = [
    ['dataset', dataset.proof],
    ...jobs.map(({ id, proof }) => [`job ${id}`, proof] as [string, typeof proof]),
    ...grants.flatMap(({ grant, proof, releases }) => [
      [`grant ${grant.id}`, proof] as [string, typeof proof],
      ...releases.map((release) => [`release ${release.entry}`, release.proof] as [string, typeof proof]),
    ]),
    ...checkpoints.map(({ job, proof }) => [`checkpoint of ${job}`, proof] as [string, typeof proof]),
    ...payments.flatMap(({ escrow, payments: paid }) =>
      paid.map(({ proof }, at) => [`payment ${escrow}.${at}`, proof] as [string, typeof proof]),
    ),
  ];
  return facts.filter(([, proof]) => 'unproven' in proof).map(([name]) => name);
}
