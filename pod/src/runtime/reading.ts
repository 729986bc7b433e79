import { Worker } from 'node:worker_threads';
import type { Contract } from '@livepod/runtime';
import { programOf } from '@livepod/runtime/process';
import { troubleOf, type Trouble } from '../trouble.js';
import type { Records } from './records.js';

// From sources it is made into one file when it is first asked for; the packed pod has it beside it.
const THREAD = new URL(
  new URL(import.meta.url).pathname.endsWith('.ts') ? './readingThread.ts' : './reading.mjs',
  import.meta.url,
);

/** A person's records, or why there are none; read in a thread of its own. Never throws. */
export async function readRecords(
  recordings: string,
  person: string,
  contract: Contract,
): Promise<{ records: Records } | { trouble: Trouble }> {
  try {
    const { file } = await programOf(THREAD);
    const { task, input } = contract;
    const thread = new Worker(file, { workerData: { recordings, person, contract: { task, input } } });
    return await new Promise((resolve, reject) => {
      thread.once('message', resolve).once('error', reject);
      thread.once('exit', () => reject(new Error('The thread that reads the recordings ended.')));
    });
  } catch (error) {
    return { trouble: troubleOf(error) };
  }
}
