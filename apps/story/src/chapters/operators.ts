import { connect } from '@livepod/client';
import { scheduleRounds } from '@livepod/cli/operating';
import { insist } from '../patience.js';
import { FAST_PLAN } from '../plan.js';
import type { Chapter } from './chapter.js';
import { postBond, PROVIDER_BOND } from './dao.js';

/**
 * What an operator finds: a provider that may train again, and in the UI a schedule for rounds that come by themselves,
 * still paused, and a run to copy of what nothing here has run yet.
 */
export const forOperators: Chapter = {
  title: 'For operators: rounds on a schedule (paused), and a run to copy of everything that can be started',
  async tell({ temporal, memory, network, cast, tell }) {
    // Round 3 cost the provider its bond; without one it gets no job.
    await postBond(await connect(network, cast.identity('provider')), 'provider', PROVIDER_BOND);
    const input = { recipe: memory.told.recipe!, provider: 'provider-1', plan: FAST_PLAN };
    await insist('the schedule of rounds', () =>
      scheduleRounds(temporal.schedule, { id: 'recurring-rounds', every: '24 hours', input, paused: true }),
    );
    const begun = await insist('a look for new datasets', () =>
      temporal.workflow.execute('recurringRound', {
        taskQueue: 'orchestrator',
        workflowId: 'rounds-by-hand',
        workflowIdConflictPolicy: 'USE_EXISTING',
        args: [input],
      }),
    );
    await insist('a look at the treasury', () =>
      temporal.workflow.execute('treasuryWatch', {
        taskQueue: 'orchestrator',
        workflowId: 'treasury-watch-by-hand',
        workflowIdConflictPolicy: 'USE_EXISTING',
        args: [{}],
      }),
    );
    tell(`schedule recurring-rounds is paused; ${(begun as { waiting: number }).waiting} datasets wait`);
  },
};
