import { proxyActivities } from '@temporalio/workflow';

const { step } = proxyActivities<{ step(): Promise<void> }>({ startToCloseTimeout: '1 minute' });

/** The least that Temporal can do: a workflow of one activity. */
export async function bare(): Promise<void> {
  await step();
}

/** What each activity more costs at least. */
export async function bareRow(): Promise<void> {
  for (let done = 0; done < 5; done++) await step();
}
