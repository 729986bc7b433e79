import { execFileSync } from 'node:child_process';
import { processStat } from '@livepod/client/node';

/** A process as a file can name it: its number, and when it was started, because numbers are used again. */
export interface Pid {
  pid: number;
  born: string;
}

/** When a process started, in whatever unit the system gives; null when it does not run. */
export function bornAt(pid: number): string | null {
  const fields = processStat(pid);
  if (fields) return fields[0] === 'Z' ? null : fields[19]!;
  if (process.platform === 'linux') return null;
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || null;
  } catch {
    return null;
  }
}

export const isAlive = ({ pid, born }: Pid): boolean => bornAt(pid) === born;

/** Sends a signal to a process and to those it started, when they share its process group. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    try {
      process.kill(pid, signal);
    } catch {
      /* gone */
    }
  }
}

/** SIGTERM, then SIGKILL for what is still there after `patience` milliseconds. Returns when the process has ended. */
export async function end(target: Pid, patience: number): Promise<void> {
  if (isAlive(target)) {
    try {
      process.kill(target.pid, 'SIGTERM');
    } catch {
      /* gone */
    }
    const until = Date.now() + patience;
    while (isAlive(target) && Date.now() < until) await sleep(25);
  }
  signalGroup(target.pid, 'SIGKILL');
  while (isAlive(target)) await sleep(25);
}

export const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
