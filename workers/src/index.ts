/** The processes are started by their main.ts; this is what others may reuse. */
export { bundle, workflowBundle } from './bundle.js';
export {
  connectClient,
  connectWorker,
  dataConverter,
  keysFor,
  type Temporal,
  type TemporalClient,
} from './temporal.js';
export { WorkerError, type WorkerErrorCode } from './errors.js';
export { noSinks } from './traces.js';
