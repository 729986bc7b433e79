import { readdirSync, readFileSync } from 'node:fs';
import type { Limits } from './confine.js';

const LOOK_EVERY_MS = 200;
/** Bytes; 4 KiB on x86-64, and on arm64 as Debian and Ubuntu make it. */
const PAGE = 4096;
const MIB = 2 ** 20;
const NEARLY = 0.7;

/** What a sandbox used too much of. */
export type Excess = 'memory' | 'processes' | 'time';

/**
 * Looks at a sandbox from outside, all its processes together, and says when they use more than they may. A process
 * that dies while it is looked at counts nothing.
 */
export class Watch {
  /** Whether memory was almost used up when it was last looked at. */
  private nearly = false;
  private readonly looking: NodeJS.Timeout;
  private readonly ending: NodeJS.Timeout;

  /** @param told  at the first excess, once */
  constructor(
    private readonly root: number,
    private readonly limits: Limits,
    private readonly told: (excess: Excess) => void,
  ) {
    // What files in the sandbox take is no process's own; the tmpfs is sized, and its size comes off the memory here.
    const most = (limits.memoryMiB - limits.scratchMiB) * MIB;
    this.looking = setInterval(() => this.look(most), LOOK_EVERY_MS);
    // A timer of Node.js cannot be longer than 24 days.
    this.ending = setTimeout(() => this.tell('time'), Math.min(limits.seconds * 1000, 2 ** 31 - 1));
  }

  end(): void {
    clearInterval(this.looking);
    clearTimeout(this.ending);
  }

  private tell(excess: Excess): void {
    this.end();
    this.told(excess);
  }

  private look(most: number): void {
    const processes = treeOf(this.root);
    if (processes.length > this.limits.processes) return this.tell('processes');
    const used = processes.reduce((sum, pid) => sum + residentBytes(pid), 0);
    this.nearly = used > most * NEARLY;
    if (used > most) this.tell('memory');
  }

  /** What ended a process that nobody stopped: the kernel gives none more data than all of them may have. */
  likely(): Excess | undefined {
    return this.nearly ? 'memory' : undefined;
  }
}

/**
 * A process and all that descend from it; an orphan's parent is the first of its sandbox, so none is missed. The files
 * of `/proc` are memory: read at once, forty cost a quarter of a millisecond; by way of the thread pool, eighteen times
 * as much of the processors that train.
 */
export function treeOf(root: number): number[] {
  const found = [root];
  for (const pid of found)
    for (const thread of threadsOf(pid))
      for (const child of read(`/proc/${pid}/task/${thread}/children`).split(' ')) if (child) found.push(Number(child));
  return found;
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return []; // it has ended
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

const residentBytes = (pid: number): number => Number(read(`/proc/${pid}/statm`).split(' ')[1] ?? 0) * PAGE;
