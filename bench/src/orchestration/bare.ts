import { proxyActivities } from '@temporalio/workflow';

const { step } = proxyActivities<{ step(): Promise<void> }>({ startToCloseTimeout: '1 minute' });

/** The least that Temporal can do: a workflow of one activity. */
export async function bare(): Promise<void> {
  await step();
}
