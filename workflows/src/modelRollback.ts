import { notExecuted } from './failures.js';
import { integer, name, reading, record, reference, sentence, type Guarded } from './guards.js';
import { comparedWithTheWorld, refusal } from './inputs.js';
import { narrate, voteOn } from './narration.js';
import { abortable } from './operatorDesk.js';
import { governance, models } from './ports.js';
import { rollbackChannel } from './proposals.js';
import { mark } from './searchAttributes.js';

export const input = record({ channel: name, version: integer(1, 2 ** 32 - 1), reason: sentence, ref: reference });
export type ModelRollbackInput = Guarded<typeof input>;

export interface ModelRollbackResult {
  channel: string;
  version: number;
  proposal: number;
  decision: 'adopted' | 'rejected';
  why: string;
  /** The channel's sequence number after the change; null when it was voted down. */
  sequence: number | null;
}

/**
 * Sets a channel to any official version by a vote: back, or forward again. Runs on a task queue of its own, so that no
 * backlog of other work delays it. Pods learn it from the channel's metadata.
 */
export async function modelRollback(request: ModelRollbackInput): Promise<ModelRollbackResult> {
  const read = reading(input, request);
  if ('findings' in read) throw await refusal('modelRollback', read);
  const { channel, version, reason, ref } = read.value;
  const tell = narrate('rollback', { channel, version, reason }, ['propose', 'vote', 'publish']);
  mark({ stage: 'rollback' });

  return abortable(tell, async (undo) => {
    await comparedWithTheWorld('modelRollback', { channel, version, reason, ref });
    const request = rollbackChannel(ref, channel, version, reason);
    undo.add('the proposal, if still open', () => governance.withdraw({ clientRefs: [request.clientRef] }));
    tell(`Proposing version ${version} for channel ${channel}`, {}, { step: 'propose' });
    const proposal = await governance.propose(request);

    mark({ proposal: proposal.id });
    tell(`Waiting for the vote on proposal ${proposal.id}`, {}, voteOn(proposal));
    const decision = await governance.decision({ proposal: proposal.id });
    if (decision.outcome === 'failed') throw notExecuted(`Setting channel ${channel} to version ${version}`, decision);
    mark({ outcome: decision.outcome });
    if (decision.outcome !== 'adopted') {
      tell(`Voted down: ${decision.why}`, {}, { over: true });
      return { channel, version, proposal: proposal.id, decision: 'rejected', why: decision.why, sequence: null };
    }

    const view = await models.stableAt({ channel, version });
    tell(
      `Channel ${channel} is at version ${version}; pods follow`,
      { sequence: view.sequence },
      { over: true, links: { [`channel ${channel}`]: view.link } },
    );
    return { channel, version, proposal: proposal.id, decision: 'adopted', why: decision.why, sequence: view.sequence };
  });
}
