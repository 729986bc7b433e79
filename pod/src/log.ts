/** One JSON line per event on standard error; ids, counters and reasons, nothing personal. */
export type Log = (event: string, details?: Record<string, unknown>) => void;

export const jsonLog =
  (pod: string): Log =>
  (event, details = {}) =>
    void process.stderr.write(`${JSON.stringify({ at: new Date().toISOString(), pod, event, ...details })}\n`);
