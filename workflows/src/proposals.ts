import type { GovernedCall, Measurement, ProposalRequest } from '@livepod/activities/ports';
import { voteReference } from '@livepod/protocol/governed';
import { planInWords, type Plan } from '@livepod/protocol/plan';
import { tokens } from '@livepod/protocol/tokens';
import { decidingFigure, figureInWords, figuresInWords, worseInWords } from '@livepod/protocol/tasks';
import { short } from './narration.js';

/**
 * What voters read. Client references (at most 50 bytes) hold the round and what is proposed, so that the same round
 * never proposes the same thing twice; a stage that is tried again proposes anew, because what it proposed first was
 * withdrawn.
 */
const again = (attempt: number): number[] => (attempt === 1 ? [] : [attempt]);
const digits = (id: string): string => id.replace('sha256:', '').slice(0, 16);

export const acceptDataset = (
  round: string,
  attempt: number,
  dataset: { id: string; title: string; contributor: string; megabytes: number },
): ProposalRequest => ({
  action: { call: 'acceptDataset', dataset: dataset.id },
  clientRef: voteReference('accept_dataset', round, digits(dataset.id), ...again(attempt)),
  title: `Accept dataset ${short(dataset.id)}: ${dataset.title}`.slice(0, 250),
  summary:
    `Contributed by ${dataset.contributor}, ${dataset.megabytes.toFixed(1)} MB. Its signature, hashes and ` +
    'chunks were checked. Accepting it lets approved providers train on it under its licence.',
});

export const grantAccess = (round: string, job: number, provider: string, needVote: string[]): ProposalRequest => ({
  action: { call: 'grantAccess', job },
  clientRef: voteReference('grant_access', round, job),
  title:
    `Let job ${job} use ${needVote.length} dataset${needVote.length === 1 ? '' : 's'} whose licence asks for a ` +
    'vote',
  summary: `Provider ${provider} would train on ${needVote.map(short).join(', ')}.`.slice(0, 2000),
});

export function adoptCheckpoint({
  round,
  attempt,
  checkpoint,
  channel,
  plan,
  measured,
  acceptWorse,
}: {
  round: string;
  attempt: number;
  checkpoint: string;
  channel: string;
  plan: Plan;
  measured: Measurement;
  /** Why it is proposed although it is worse than its parent. */
  acceptWorse: string | null;
}): ProposalRequest {
  const worse = worseInWords(measured);
  const because = acceptWorse === null ? '' : ` It is proposed because: ${acceptWorse}`;
  const although = worse === undefined ? '' : ` It is WORSE than its parent: ${worse}.${because}`;
  const warning = worse === undefined ? '' : ', WORSE than its parent';
  return {
    action: { call: 'adoptCheckpoint', checkpoint, channel, plan },
    clientRef: voteReference('adopt_checkpoint', round, digits(checkpoint), ...again(attempt)),
    title: `Adopt checkpoint ${short(checkpoint)} on channel ${channel}${warning}`,
    summary:
      `An independent evaluator measured ${figuresInWords(measured.figures)} on hold-out people` +
      `${parentInWords(measured)}.${although} Rollout: ${planInWords(plan)}.`,
  };
}

function parentInWords(measured: Measurement): string {
  const { name, parent } = decidingFigure(measured);
  return parent === null ? '' : ` (its parent: ${figureInWords(name)} ${parent})`;
}

export const rollbackChannel = (ref: string, channel: string, version: number, reason: string): ProposalRequest => ({
  action: { call: 'rollbackChannel', channel, version, reason },
  clientRef: voteReference('rollback_channel', channel, ref),
  title: `Set channel ${channel} to version ${version}`,
  summary: reason,
});

export const slashBond = (
  round: string,
  holder: string,
  purpose: 'provider' | 'contributor',
  amount: string,
  reason: string,
  evidence: string,
): ProposalRequest => ({
  action: { call: 'slashBond', holder, purpose, amount, reason, evidence } satisfies GovernedCall,
  clientRef: voteReference('slash_bond', round, purpose[0]!, holder.slice(0, 11)),
  title: `Slash the bond of ${purpose} ${holder.slice(0, 11)}: ${tokens(amount)} tokens`,
  summary: `${reason} ${evidence}`.slice(0, 2000),
});
