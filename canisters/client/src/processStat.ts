import { readFileSync } from 'node:fs';

/**
 * What proc(5) says of a process, from its state on: its start time is the 20th of these fields, its processor time the
 * 12th and 13th. Undefined when there is no such process, or where the system has no /proc.
 */
export function processStat(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command's name, which comes before, may hold spaces and brackets.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}
