import type { Leftover } from './port.js';

/** How the workflows with one search attribute stand. */
export interface Standing {
  running: boolean;
  /** The newest that was terminated, timed out, failed or was cancelled; null when there is none. */
  broken: { workflowId: string; how: string } | null;
  /** When the last of them ended, in milliseconds since the epoch; 0 when none has. */
  lastEnd: number;
}

/** Workflows by search attribute, whoever keeps them. */
export interface Runs {
  of(by: Leftover['by']): Promise<Standing>;
}
