import {
  CanisterError,
  decision,
  everyAfter,
  listProposals,
  networkTime,
  neuronId,
  withdraw,
  type Access,
  type Clients,
  type Decision,
  type Models,
} from '@livepod/client';
import { hex, PAGE_LIMIT, referencePrefix } from '@livepod/protocol';
import { readJob } from '../access/canister.js';
import type { AccessPort, FleetPort, TreasuryPort } from '../ports.js';
import type { Leftover, Settled } from './port.js';
import type { Runs } from './runs.js';

const MOST = 100;

/**
 * What a round's proposals and jobs are called (workflows/src/proposals.ts). Proposals to slash bonds are not among
 * them: they are an outcome.
 */
const OF_ROUND = /^(?:intake|access|adopt)\/([a-z0-9][a-z0-9-]{0,23})\//;
const JOB_OF_ROUND = /^round\/([a-z0-9][a-z0-9-]{0,23})(?:\/[1-9])?$/;

const named = ({ attribute, value }: Leftover['by']): string => `${attribute} ${value}`;

/** Which workflow has to go on with a proposal of ours; undefined for one that needs none. */
function whoseProposal({ clientRef, proposal }: Decision): Leftover['by'] | undefined {
  const round = OF_ROUND.exec(clientRef)?.[1];
  if (round !== undefined) return { attribute: 'round', value: round };
  if (!clientRef.startsWith(referencePrefix('rollback_channel'))) return undefined;
  return { attribute: 'proposal', value: String(proposal) };
}

const sameRun = (a: Leftover['by'] | undefined, b: Leftover['by']): boolean =>
  a?.attribute === b.attribute && a.value === b.value;

type Open = Pick<Leftover, 'of' | 'by' | 'proposals' | 'jobs' | 'releases'>;

export interface Keepers {
  access: Pick<AccessPort, 'fail'>;
  treasury: Pick<TreasuryPort, 'refund'>;
  fleet: Pick<FleetPort, 'abort'>;
}

/** Everything that is open and that nobody goes on with. */
export async function findLeftovers(clients: Clients, runs: Runs, quietSeconds: number): Promise<Leftover[]> {
  const open = new Map<string, Open>();
  const of = (what: string, by: Leftover['by']): Open => {
    const known = open.get(what) ?? { of: what, by, proposals: [], jobs: [], releases: [] };
    open.set(what, known);
    return known;
  };
  for (const proposal of await ownProposals(clients)) {
    const by = whoseProposal(proposal);
    if (by) of(named(by), by).proposals.push(proposal.proposal);
  }
  for (const { round, job } of await unfinishedJobs(clients))
    of(`round ${round}`, { attribute: 'round', value: round }).jobs.push(job);

  const now = await networkTime(clients);
  const found: Leftover[] = [];
  const add = async (one: Open): Promise<boolean> => {
    const standing = await runs.of(one.by);
    const left = !standing.running && standing.broken !== null && now - standing.lastEnd >= quietSeconds * 1000;
    if (left) found.push({ ...one, why: `${standing.broken!.workflowId} ${standing.broken!.how}` });
    return left || standing.running || standing.broken !== null;
  };
  for (const one of open.values()) if (found.length < MOST) await add(one);
  for (const { release, checkpoint } of await openReleases(clients)) {
    if (found.length >= MOST) break;
    const one = { of: `release ${release}`, proposals: [], jobs: [], releases: [release] };
    // Before its rollout has begun, only its checkpoint tells whose release it is.
    if (!(await add({ ...one, by: { attribute: 'release', value: String(release) } })))
      await add({ ...one, by: { attribute: 'model', value: checkpoint } });
  }
  return found;
}

const roundOfJob = ({ client_ref: reference }: Access.Job): string | undefined => JOB_OF_ROUND.exec(reference)?.[1];

/** Proposals that can still be voted on and that our own neuron made; only their proposer can take them back. */
async function ownProposals(clients: Clients): Promise<Decision[]> {
  const own = hex(neuronId(clients.principal));
  const found: Decision[] = [];
  for (
    let page = await listProposals(clients, { open: true });
    page.length > 0;
    page = await listProposals(clients, { open: true, before: page.at(-1)!.proposal })
  ) {
    found.push(...page.filter((proposal) => proposal.proposer === own));
    if (page.length < PAGE_LIMIT) break;
  }
  return found;
}

/** Jobs without a checkpoint that we may give up: those we pay for, and any whose deadline has passed. */
async function unfinishedJobs(clients: Clients): Promise<{ round: string; job: number }[]> {
  const now = await networkTime(clients);
  const open = await everyAfter<Access.Job, bigint>(
    (page) => clients.access.list_open_jobs(page),
    (job) => job.id,
  );
  return open.flatMap((job) => {
    const { id, state, payer, deadline } = job;
    const round = roundOfJob(job);
    const ours = payer[0]?.toText() === clients.principal.toText();
    const over = Number(deadline / 1_000_000n) < now;
    return round !== undefined && !('submitted' in state) && (ours || over) ? [{ round, job: Number(id) }] : [];
  });
}

/** A channel's candidate is its one release that is not over. */
async function openReleases(clients: Clients): Promise<{ release: number; checkpoint: string }[]> {
  const channels = await everyAfter<Models.Channel, string>(
    (page) => clients.models.list_channels(page),
    (channel) => channel.name,
  );
  return channels
    .flatMap(({ candidate }) => candidate)
    .map(({ release, checkpoint }) => ({ release: Number(release), checkpoint }));
}

/**
 * Ends what is named, each part safe to repeat; what is over already is left out of the answer. Found it was on one
 * node's word; whose each part is, the whole subnet has to say, or a lie would end what a running workflow is at.
 */
export async function settleLeftover(
  clients: Clients,
  runs: Runs,
  keepers: Keepers,
  leftover: Leftover,
): Promise<Settled> {
  const done: Settled = { withdrawn: [], failed: [], refunded: [], stopped: [] };
  // Somebody may have started the round anew since it was found.
  if ((await runs.of(leftover.by)).running) return done;
  for (const proposal of leftover.proposals) {
    if (!sameRun(whoseProposal(await decision(clients.certified, proposal)), leftover.by)) continue;
    try {
      await withdraw(clients, proposal);
      done.withdrawn.push(proposal);
    } catch (error) {
      if (!(error instanceof CanisterError) || error.code !== 'voteClosed') throw error;
    }
  }
  for (const job of leftover.jobs) {
    if (roundOfJob(await readJob(clients, job)) !== leftover.by.value) continue;
    await keepers.access.fail({ job, reason: `${leftover.of} was given up: ${leftover.why}` });
    done.failed.push(job);
    const escrow = await keepers.treasury.refund({ job });
    if (escrow?.state === 'refunded') done.refunded.push(escrow.escrow);
  }
  for (const release of leftover.releases) {
    const known = await clients.certified.fleet.get_release(BigInt(release));
    const value = leftover.by.attribute === 'model' ? known?.checkpoint : known && String(known.id);
    if (value !== leftover.by.value) continue;
    const now = await keepers.fleet.abort({ release, reason: `nobody drives it: ${leftover.why}` });
    if (now.state === 'stopped') done.stopped.push(release);
  }
  return done;
}
