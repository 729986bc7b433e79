import { refuse } from '../errors.js';
import { checkpointsOf, type CheckpointAccount } from './checkpoints.js';
import { Datasets, type DatasetAccount } from './datasets.js';
import type { Facts } from './facts.js';
import { Jobs, type JobAccount, type ProviderAccount, type RecipeAccount } from './jobs.js';
import { escrowsOf, slashesOf, type EscrowAccount, type SlashAccount } from './money.js';
import { Proposals, type ProposalAccount } from './proposals.js';
import { releasesOf, rollbacksOf, type ReleaseAccount, type RollbackAccount } from './releases.js';

export type Outcome = 'completed' | 'stopped' | 'superseded' | 'open' | 'rejected' | 'failed' | 'nothingAccepted';

/** What happened in a round, in the order of its story. All of it follows from the logs and documents of the file. */
export interface Account {
  proposals: ProposalAccount[];
  datasets: DatasetAccount[];
  recipes: RecipeAccount[];
  providers: ProviderAccount[];
  jobs: JobAccount[];
  escrows: EscrowAccount[];
  checkpoints: CheckpointAccount[];
  releases: ReleaseAccount[];
  rollbacks: RollbackAccount[];
  slashes: SlashAccount[];
  outcome: Outcome;
}

/**
 * Draws up the account of a round. Wherever logs, documents and signatures of different canisters and people meet, they
 * must agree.
 *
 * @throws EvidenceError `contradiction` · `missing` · `wrongDocument` · `wrongSignature` naming the place
 */
export async function drawUp(facts: Facts): Promise<Account> {
  const proposals = new Proposals(facts);
  const datasets = new Datasets(facts, proposals);
  const jobs = new Jobs(facts, proposals, datasets);

  const own = await proposals.ofRound();
  for (const { argument, method } of own)
    if (method === 'accept_dataset') await datasets.get(String(argument!['dataset']));
  const ran = await jobs.ofRound();
  if (own.length === 0 && ran.length === 0)
    refuse('notFound', 'round', `nothing was proposed and no job was asked for in the name of ${facts.round}`);
  const accounts = ran.map(({ account }) => account);
  const escrows = escrowsOf(facts, ran);
  const checkpoints = await checkpointsOf(facts, proposals, ran);
  const releases = await releasesOf(facts, proposals, checkpoints);
  const rollbacks = await rollbacksOf(facts, proposals, releases);
  const slashes = slashesOf(facts, proposals.list());
  return {
    proposals: proposals.list(),
    datasets: datasets.list(),
    recipes: jobs.usedRecipes(),
    providers: jobs.usedProviders(),
    jobs: accounts,
    escrows,
    checkpoints,
    releases,
    rollbacks,
    slashes,
    outcome: outcomeOf(accounts, checkpoints, releases),
  };
}

function outcomeOf(jobs: JobAccount[], checkpoints: CheckpointAccount[], releases: ReleaseAccount[]): Outcome {
  if (releases.length > 0) return releases.at(-1)!.outcome;
  if (checkpoints.some(({ rejected }) => rejected)) return 'rejected';
  if (jobs.length > 0 && jobs.every(({ failed, closed }) => failed ?? closed)) return 'failed';
  return jobs.length === 0 ? 'nothingAccepted' : 'open';
}
