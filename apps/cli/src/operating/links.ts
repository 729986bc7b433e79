import { connect } from '@livepod/client';
import { DEFAULT_PLAN, type Plan } from '@livepod/protocol';
import { STARTABLE, type Startable } from './catalogue.js';
import { whatIsKnown } from './known.js';
import { uiPage, withTemporal, type Place } from './place.js';

/** How to start one workflow here and now. */
export interface StartLink {
  type: string;
  what: string;
  queue: string;
  workflowId: string;
  /**
   * Opens the UI's form with type, queue and that id filled in. Without an id the UI would copy the input of the last
   * such run, whichever that was.
   */
  link: string;
  /** Null while something is missing, which `needs` names. */
  input: Record<string, unknown> | null;
  needs: string;
}

/**
 * Deep links and inputs for every workflow that can be started, with the ids of this installation.
 *
 * @param plan  for releases; the product's default is slow
 */
export async function startLinks(place: Place, plan: Plan = DEFAULT_PLAN): Promise<StartLink[]> {
  const known = await withTemporal(place, async (client) => ({
    ...(await whatIsKnown(await connect(place.network), place.temporal, client)),
    plan,
  }));
  return STARTABLE.map((one) => {
    const input = one.sample(known) ?? null;
    const workflowId = one.id(input ?? { round: known.round, release: 1, channel: known.channel, ref: 'r1' });
    return {
      type: one.type,
      what: one.what,
      queue: one.queue,
      workflowId,
      link: startLink(place, one, workflowId),
      input,
      needs: one.needs,
    };
  });
}

function startLink(place: Place, { type, queue }: Startable, workflowId: string): string {
  const filled = new URLSearchParams({ workflowType: type, taskQueue: queue, workflowId });
  return uiPage(place, `workflows/start-workflow?${filled.toString()}`);
}

/** Lists of runs that an operator looks at again and again; the UI saves them as views. */
export const SAVED_VIEWS: readonly { name: string; query: string }[] = [
  { name: 'Rounds now', query: 'WorkflowType = "lifecycle" AND ExecutionStatus = "Running"' },
  { name: 'Waiting for votes', query: 'LivepodProposal IS NOT NULL AND ExecutionStatus = "Running"' },
  { name: 'Rollouts', query: 'LivepodStage = "rollout"' },
  { name: 'Failed', query: 'ExecutionStatus IN ("Failed", "TimedOut", "Terminated")' },
  { name: 'Stopped releases', query: 'LivepodOutcome = "stopped"' },
];

export const viewLink = (place: Place, query: string): string =>
  uiPage(place, `workflows?${new URLSearchParams({ query }).toString()}`);
