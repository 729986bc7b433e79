import { CancellationScope, workflowInfo } from '@temporalio/workflow';
import type { DatasetCheck, Decision } from '@livepod/activities/ports';
import { datasetName, distinct, integer, list, name, optional, reading, record, type Guarded } from './guards.js';
import { comparedWithTheWorld, refusal } from './inputs.js';
import { narrate, short } from './narration.js';
import { abortable } from './operatorDesk.js';
import { datasets, governance } from './ports.js';
import { acceptDataset } from './proposals.js';
import { mark } from './searchAttributes.js';

export const input = record({
  round: name,
  datasets: distinct(list(datasetName, 1, 200)),
  attempt: optional(integer(1, 9), 1),
});
export type DatasetIntakeInput = Omit<Guarded<typeof input>, 'attempt'> & { attempt?: number };

export interface IntakeDecision {
  id: string;
  decision: 'accepted' | 'rejected';
  /** Null when it did not come to a vote: accepted before, or refused by the checks. */
  proposal: number | null;
  contributor: string;
  why: string;
}

/**
 * Checks datasets, puts each to the vote, and reports a decision for each. A page of datasets costs the history of one.
 */
export async function datasetIntake(request: DatasetIntakeInput): Promise<IntakeDecision[]> {
  const read = reading(input, request);
  if ('findings' in read) throw await refusal('datasetIntake', read);
  const intake = read.value;
  const tell = narrate('intake', { round: intake.round, datasets: intake.datasets.length }, [
    'check',
    'propose',
    'vote',
  ]);
  mark({ stage: 'intake', round: intake.round, dataset: intake.datasets[0]! });

  return abortable(tell, async (undo) => {
    if (workflowInfo().parent === undefined) {
      const ids = await comparedWithTheWorld('datasetIntake', intake);
      intake.datasets = [...new Set(intake.datasets.map((name) => ids[name] ?? name))];
    }
    tell(`Checking signature, hashes and chunks of ${named(intake.datasets)}`, {}, { step: 'check' });
    const checks = await datasets.check({ datasets: intake.datasets });
    const ready = checks.filter((check) => check.state === 'ready');

    const proposals = ready.map((check) => acceptDataset(intake.round, intake.attempt, check));
    undo.add('the proposals still open', () =>
      governance.withdraw({ clientRefs: proposals.map((proposal) => proposal.clientRef) }),
    );
    tell(
      `Proposing ${ready.length} of ${checks.length}`,
      { refused: checks.filter((check) => check.state === 'refused').length },
      { step: 'propose', links: linksOf(checks) },
    );
    const receipts = ready.length === 0 ? [] : await governance.proposeAll({ proposals });

    if (receipts.length > 0) {
      mark({ proposal: receipts[0]!.id });
      const { deadline } = receipts.at(-1)!;
      tell(
        `Waiting for the vote on ${voted(receipts)}`,
        {},
        {
          step: 'vote',
          waitsFor: `the vote on ${voted(receipts)}`,
          until: deadline,
          links: Object.fromEntries(receipts.slice(0, 4).map(({ id, link }) => [`proposal ${id}`, link])),
        },
      );
    }
    const decisions =
      receipts.length === 0 ? [] : await governance.decisions({ proposals: receipts.map((receipt) => receipt.id) });

    const rejected = decisions.flatMap((decision, index) =>
      decision.outcome === 'rejected' ? [{ dataset: ready[index]!.id, proposal: decision.proposal }] : [],
    );
    if (rejected.length > 0) await CancellationScope.nonCancellable(() => datasets.close({ rejected }));

    const results = checks.map((check) => decisionOn(check, decisions[ready.indexOf(check)]));
    const accepted = results.filter((result) => result.decision === 'accepted').length;
    tell(`${accepted} accepted, ${results.length - accepted} not`, {}, { over: true });
    mark({ outcome: accepted === results.length ? 'accepted' : accepted === 0 ? 'rejected' : 'mixed' });
    return results;
  });
}

function decisionOn(check: DatasetCheck, decision: Decision | undefined): IntakeDecision {
  const { id, contributor } = check;
  if (decision === undefined)
    return {
      id,
      contributor,
      decision: check.state === 'accepted' ? 'accepted' : 'rejected',
      proposal: null,
      why: check.why,
    };
  return {
    id,
    contributor,
    decision: decision.outcome === 'adopted' ? 'accepted' : 'rejected',
    proposal: decision.proposal,
    why: decision.why,
  };
}

const named = (ids: string[]): string => (ids.length === 1 ? `dataset ${short(ids[0]!)}` : `${ids.length} datasets`);
const voted = (receipts: { id: number }[]): string =>
  receipts.length === 1 ? `proposal ${receipts[0]!.id}` : `proposals ${receipts[0]!.id} to ${receipts.at(-1)!.id}`;
const linksOf = (checks: DatasetCheck[]): Record<string, string | undefined> =>
  Object.fromEntries(checks.slice(0, 3).map(({ id, link }) => [`dataset ${short(id)}`, link]));
