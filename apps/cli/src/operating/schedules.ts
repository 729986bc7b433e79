import type { Finding } from '@livepod/protocol';
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
      spec: { intervals: [{ every: (secondsOf(every) ?? 0) * 1000 }] },
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

const UNITS: Record<string, number> = { minute: 60, hour: 3_600, day: 86_400, week: 604_800, year: 31_557_600 };
const INTERVAL = /^([1-9][0-9]{0,5}) *(minute|hour|day|week|year)s?$/;

/** Seconds of an interval such as "7 days"; undefined where it is none. A year has 365.25 days. */
export function secondsOf(every: string): number | undefined {
  const read = INTERVAL.exec(every.trim());
  return read ? Number(read[1]) * UNITS[read[2]!]! : undefined;
}

/** What is wrong with how often a schedule is to run: at least a minute, at most ten years. */
export function intervalFindings(every: string): Finding[] {
  const seconds = secondsOf(every);
  if (seconds !== undefined && seconds >= 60 && seconds <= 10 * UNITS['year']!) return [];
  const expected = 'a number of minutes, hours, days, weeks or years, such as "24 hours"; at most 10 years';
  return [
    { path: 'every', found: `is ${JSON.stringify(every)}, which does not fit`, expected, remedy: `Give ${expected}` },
  ];
}
