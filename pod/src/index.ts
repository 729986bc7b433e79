export { Pod, type PodOptions } from './pod.js';
export { Fetcher } from './updates/fetcher.js';
export { Trust } from './updates/trust.js';
export { PodError, type PodErrorCode } from './errors.js';
export type { Fleet } from './health/reporter.js';
export type { HistoryEntry } from './state/state.js';
export type { Trouble } from './trouble.js';
