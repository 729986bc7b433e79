import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Limits } from './confine.js';
import { treeOf } from './watch.js';

const MIB = 2 ** 20;
let made = 0;

/**
 * A group of processes of its own (cgroup v2), where the kernel keeps memory and processes within their limits, all
 * together and without swap. It can be had by root, and where a group above this process's was delegated to its user.
 */
export class Cgroup {
  private constructor(private readonly folder: string) {}

  /** @returns undefined where none can be had */
  static make({ memoryMiB, processes }: Pick<Limits, 'memoryMiB' | 'processes'>): Cgroup | undefined {
    const name = `livepod-${process.pid}-${++made}`;
    for (const parent of parents()) {
      const folder = join(parent, name);
      try {
        mkdirSync(folder);
      } catch {
        continue;
      }
      try {
        writeFileSync(join(folder, 'memory.max'), String(memoryMiB * MIB), { flag: 'r+' });
        writeFileSync(join(folder, 'pids.max'), String(processes), { flag: 'r+' });
        writeFileSync(join(folder, 'memory.swap.max'), '0', { flag: 'r+' });
        return new Cgroup(folder);
      } catch {
        rmdirSync(folder);
      }
    }
    return undefined;
  }

  /** Takes in a process and all that descend from it. @returns whether it could */
  async take(root: number): Promise<boolean> {
    try {
      for (const pid of treeOf(root)) writeFileSync(join(this.folder, 'cgroup.procs'), String(pid), { flag: 'r+' });
      return true;
    } catch {
      return false;
    }
  }

  /** Whether the kernel ended a process here because memory was used up. */
  ranOut(): boolean {
    try {
      return /^oom_kill [1-9]/m.test(readFileSync(join(this.folder, 'memory.events'), 'utf8'));
    } catch {
      return false;
    }
  }

  remove(): void {
    try {
      rmdirSync(this.folder);
    } catch {
      // A process that is still dying holds it; an empty group costs nothing.
    }
  }
}

/** Groups that a new one could be made in, from this process's own upwards. */
function parents(): string[] {
  const mounted = / (\S+) \S+(?: \S+)* - cgroup2 /.exec(textOf('/proc/self/mountinfo'))?.[1];
  const own = /^0::(\S+)$/m.exec(textOf('/proc/self/cgroup'))?.[1];
  if (!mounted || !own) return [];
  const found: string[] = [];
  for (let path = own; ; path = dirname(path)) {
    found.push(join(mounted, path));
    if (path === '/' || path === '.') break;
  }
  return found.filter((folder) => /\bmemory\b.*\bpids\b/.test(textOf(join(folder, 'cgroup.subtree_control'))));
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
