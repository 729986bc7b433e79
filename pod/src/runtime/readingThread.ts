/** The thread that reads a person's records: parsing takes long, and the pod must go on meanwhile. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Contract } from '@livepod/runtime';
import { troubleOf } from '../trouble.js';
import { recordsOf } from './records.js';

const { recordings, person, contract } = workerData as { recordings: string; person: string; contract: Contract };

recordsOf(recordings, person, contract).then(
  (records) => parentPort!.postMessage({ records }),
  (error: unknown) => parentPort!.postMessage({ trouble: troubleOf(error) }),
);
