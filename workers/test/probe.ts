import { proxyActivities, sleep } from '@temporalio/workflow';

const { step } = proxyActivities<{ step(): Promise<void> }>({ startToCloseTimeout: '1 minute' });

/** Steps and timers side by side, so that several of these take turns in one worker. */
export async function probe(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await Promise.all([step(), sleep(1).then(() => step())]);
}
