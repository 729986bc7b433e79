import type { RecurringRoundInput } from '@livepod/workflows';
import { ScheduleAlreadyRunning, type ScheduleClient } from '@temporalio/client';

export interface RoundsSchedule {
  id: string;
  /** Such as "24 hours", from midnight UTC on. */
  every: string;
  input: RecurringRoundInput;
  paused: boolean;
}

/**
 * Recurring rounds, as a schedule in the UI. One at a time: while a round runs, the next is skipped. Made once; false
 * when it is there.
 */
export async function scheduleRounds(
  client: ScheduleClient,
  { id, every, input, paused }: RoundsSchedule,
): Promise<boolean> {
  try {
    await client.create({
      scheduleId: id,
      spec: { intervals: [{ every: every as '24 hours' }] },
      action: {
        type: 'startWorkflow',
        workflowType: 'recurringRound',
        taskQueue: 'orchestrator',
        workflowId: id,
        args: [input],
        staticSummary: 'Rounds of whatever is new',
      },
      policies: { overlap: 'SKIP', catchupWindow: '10 minutes', pauseOnFailure: true },
      state: {
        paused,
        note: paused ? 'Made paused; resume it when rounds are to come by themselves' : 'Recurring rounds',
      },
    });
    return true;
  } catch (error) {
    if (error instanceof ScheduleAlreadyRunning) return false;
    throw error;
  }
}
