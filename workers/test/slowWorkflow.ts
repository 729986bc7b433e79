import { proxyActivities } from '@temporalio/workflow';

const { take } = proxyActivities<{ take(): Promise<string> }>({ startToCloseTimeout: '1 minute' });

/** One step that takes four seconds. */
export const slow = (): Promise<string> => take();
