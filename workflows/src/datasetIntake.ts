import { CancellationScope } from '@temporalio/workflow';
import type { DatasetCheck, Decision } from '@livepod/activities/ports';
import { undoingOnFailure } from './compensations.js';
import { checked, contentId, distinct, list, name, record, type Guarded } from './guards.js';
import { narrate, short } from './narration.js';
import { datasets, governance } from './ports.js';
import { acceptDataset } from './proposals.js';
import { mark } from './searchAttributes.js';

const input = record({ round: name, datasets: distinct(list(contentId, 1, 200)) });
export type DatasetIntakeInput = Guarded<typeof input>;

export interface IntakeDecision {
  id: string;
  decision: 'accepted' | 'rejected';
  /** Null when it did not come to a vote: accepted before, or refused by the checks. */
  proposal: number | null;
  contributor: string;
  why: string;
}

/** Checks datasets, puts each to the vote, and reports a decision for each. A page of datasets costs the history of one. */
export async function datasetIntake(request: DatasetIntakeInput): Promise<IntakeDecision[]> {
  const intake = checked('datasetIntake', input, request);
  const tell = narrate('intake', { round: intake.round, datasets: intake.datasets.length });
  mark({ stage: 'intake', round: intake.round, dataset: intake.datasets[0]! });

  return undoingOnFailure(tell, async (undo) => {
    tell(`Checking signature, hashes and chunks of ${named(intake.datasets)}`);
    const checks = await datasets.check({ datasets: intake.datasets });
    const ready = checks.filter((check) => check.state === 'ready');

    const proposals = ready.map((check) => acceptDataset(intake.round, check));
    undo.add('the proposals still open', () => governance.withdraw({ clientRefs: proposals.map((proposal) => proposal.clientRef) }));
    tell(`Proposing ${ready.length} of ${checks.length}`, { refused: checks.filter((check) => check.state === 'refused').length });
    const receipts = ready.length === 0 ? [] : await governance.proposeAll({ proposals });

    if (receipts.length > 0) {
      mark({ proposal: receipts[0]!.id });
      tell(`Waiting for the vote on ${voted(receipts)}`, { proposals: receipts.map((receipt) => receipt.id).join(', ') });
    }
    const decisions = receipts.length === 0 ? [] : await governance.decisions({ proposals: receipts.map((receipt) => receipt.id) });

    const rejected = decisions.flatMap((decision, index) => (decision.outcome === 'rejected' ? [{ dataset: ready[index]!.id, proposal: decision.proposal }] : []));
    if (rejected.length > 0) await CancellationScope.nonCancellable(() => datasets.close({ rejected }));

    const results = checks.map((check) => decisionOn(check, decisions[ready.indexOf(check)]));
    const accepted = results.filter((result) => result.decision === 'accepted').length;
    tell(`${accepted} accepted, ${results.length - accepted} not`);
    mark({ outcome: accepted === results.length ? 'accepted' : accepted === 0 ? 'rejected' : 'mixed' });
    return results;
  });
}

function decisionOn(check: DatasetCheck, decision: Decision | undefined): IntakeDecision {
  const { id, contributor } = check;
  if (decision === undefined) return { id, contributor, decision: check.state === 'accepted' ? 'accepted' : 'rejected', proposal: null, why: check.why };
  return { id, contributor, decision: decision.outcome === 'adopted' ? 'accepted' : 'rejected', proposal: decision.proposal, why: decision.why };
}

const named = (ids: string[]): string => (ids.length === 1 ? `dataset ${short(ids[0]!)}` : `${ids.length} datasets`);
const voted = (receipts: { id: number; deadline: string }[]): string =>
  receipts.length === 1 ? `proposal ${receipts[0]!.id}, open until ${receipts[0]!.deadline}` : `proposals ${receipts[0]!.id} to ${receipts.at(-1)!.id}, open until ${receipts.at(-1)!.deadline}`;
