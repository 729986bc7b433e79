import { setTimeout as sleep } from 'node:timers/promises';
import { listProposals, type Clients } from '@livepod/client';
import type { Rig } from '@livepod/workers/testing';
import type { TreasuryWatchResult } from '@livepod/workflows';

/** What a round has in the canisters. */
export interface Traces {
  /** References of its proposals that can still be voted on. */
  proposals: string[];
  job: string | null;
  liveGrants: number;
  escrow: string | null;
  release: string | null;
}

const word = (state: object): string => Object.keys(state)[0]!;

/** Reads everything that a round may have changed; its channel has the round's name. */
export async function tracesOf(rig: Rig, round: string): Promise<Traces> {
  const clients = await rig.chain.as('operator');
  const job = await clients.access.find_job({
    provider: rig.chain.identity('provider').getPrincipal(),
    client_ref: `round/${round}`,
  });
  const grants = job ? await clients.access.list_grants({ job: job.id }) : [];
  const escrow = job && (await clients.treasury.escrow_of_job(job.id));
  const releases = await clients.fleet.list_releases({ after: [], limit: 100 });
  const release = releases.find(({ channel }) => channel === round);
  return {
    proposals: await openProposals(clients, round),
    job: job ? word(job.state) : null,
    liveGrants: grants.filter(({ revoked }) => !revoked).length,
    escrow: escrow ? word(escrow.state) : null,
    release: release ? word(release.state) : null,
  };
}

async function openProposals(clients: Clients, round: string): Promise<string[]> {
  return (await listProposals(clients, { open: true }))
    .map(({ clientRef }) => clientRef)
    .filter((ref) => ref.split('/')[1] === round);
}

const STARTED = 2;

/** Steps of a round that a worker is doing now: activities and operations. */
export async function underWay(rig: Rig, round: string): Promise<string[]> {
  const names: string[] = [];
  for (const workflowId of await running(rig, round)) {
    const { raw } = await rig.client.workflow.getHandle(workflowId).describe();
    names.push(
      ...(raw.pendingActivities ?? [])
        .filter(({ state }) => Number(state) === STARTED)
        .map(({ activityType }) => activityType?.name ?? ''),
    );
    names.push(...(raw.pendingNexusOperations ?? []).map(({ operation }) => operation ?? ''));
  }
  return names;
}

async function running(rig: Rig, round: string): Promise<string[]> {
  const ids: string[] = [];
  for await (const run of rig.client.workflow.list({
    query: `LivepodRound = "${round}" AND ExecutionStatus = "Running"`,
  }))
    ids.push(run.workflowId);
  return ids;
}

/** Terminates every workflow of a round while no worker can run a line of theirs: the hardest end there is. */
export async function terminate(rig: Rig, round: string): Promise<void> {
  rig.signal('orchestrator', 'SIGSTOP');
  try {
    // A child that was only just started shows a moment later.
    for (let quiet = 0; quiet < 2;) {
      const ids = await running(rig, round);
      quiet = ids.length === 0 ? quiet + 1 : 0;
      for (const id of ids)
        await rig.client.workflow
          .getHandle(id)
          .terminate('a test')
          .catch(() => {});
      await sleep(150);
    }
  } finally {
    rig.signal('orchestrator', 'SIGCONT');
  }
}

let watches = 0;

/** One run of treasuryWatch, as the schedule starts it. */
export function watchOnce(rig: Rig): Promise<TreasuryWatchResult> {
  return rig.client.workflow.execute('treasuryWatch', {
    taskQueue: 'orchestrator',
    workflowId: `watch-${++watches}`,
    args: [{ quietSeconds: 0 }],
  });
}
