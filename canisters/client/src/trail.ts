import type { Clients } from './connect.js';
import type { DatasetLine } from './generated/datasets.js';
import type { GrantLine, JobLine } from './generated/access.js';
import type { CheckpointLine } from './generated/models.js';
import type { EscrowLine } from './generated/treasury.js';
import { everyPage } from './paging.js';

/** Everything that the canisters know to have been done with a dataset, newest first. */
export interface Trail {
  dataset: DatasetLine;
  jobs: JobLine[];
  /** Who was given the key, and each time that it went out: entries of the access canister's audit log. */
  grants: GrantLine[];
  /** What was trained on it. */
  checkpoints: CheckpointLine[];
  /** Of every escrow, the payments for this dataset. One is made once it names its block of the ledger. */
  payments: EscrowLine[];
}

/** Reads the trail of a dataset; nothing when it is not registered. As anybody may. @throws CanisterError */
export async function trailOf(clients: Clients, dataset: string): Promise<Trail | undefined> {
  const line = await clients.datasets.describe_dataset(dataset);
  if (!line) return undefined;
  const about: [{ dataset: string }] = [{ dataset }];
  const [jobs, grants, checkpoints, payments] = await Promise.all([
    everyPage(
      (page) => clients.access.newest_jobs({ about, ...page }),
      ({ id }) => id,
    ),
    everyPage(
      (page) => clients.access.grants_of_dataset({ dataset, ...page }),
      ({ grant }) => grant.id,
    ),
    everyPage(
      (page) => clients.models.newest_checkpoints({ about, ...page }),
      ({ number }) => number,
    ),
    everyPage(
      (page) => clients.treasury.newest_payments({ about, ...page }),
      ({ escrow }) => escrow,
    ),
  ]);
  return { dataset: line, jobs, grants, checkpoints, payments };
}
