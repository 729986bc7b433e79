import { proxyActivities } from '@temporalio/workflow';

const { step } = proxyActivities<{ step(): Promise<void> }>({ startToCloseTimeout: '1 minute' });

/** The least that Temporal can do: a workflow of one activity, or of some in a row. */
export async function bare(activities = 1): Promise<void> {
  for (let done = 0; done < activities; done++) await step();
}
