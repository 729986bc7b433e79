/** The names by which logs, spans and people know what a step is about. */
const NAMES = ['round', 'job', 'release', 'proposal', 'checkpoint', 'channel', 'version', 'provider', 'wave'] as const;

/** Those of them that the one argument of a workflow or step holds; nothing else of it is ever shown. */
export function idsOf(argument: unknown): Record<string, string | number> {
  if (typeof argument !== 'object' || argument === null) return {};
  const ids: Record<string, string | number> = {};
  for (const name of NAMES) {
    const value = (argument as Record<string, unknown>)[name];
    if (typeof value === 'number' || (typeof value === 'string' && value.length <= 80)) ids[name] = value;
  }
  return ids;
}
