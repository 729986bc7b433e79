import { readdir, readFile } from 'node:fs/promises';
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
    let looks = false;
    this.looking = setInterval(() => {
      if (looks) return;
      looks = true;
      void this.look(most).finally(() => (looks = false));
    }, LOOK_EVERY_MS);
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

  private async look(most: number): Promise<void> {
    const processes = await treeOf(this.root);
    if (processes.length > this.limits.processes) return this.tell('processes');
    const resident = await Promise.all(processes.map(residentBytes));
    const used = resident.reduce((sum, bytes) => sum + bytes, 0);
    this.nearly = used > most * NEARLY;
    if (used > most) this.tell('memory');
  }

  /** What ended a process that nobody stopped: the kernel gives none more data than all of them may have. */
  likely(): Excess | undefined {
    return this.nearly ? 'memory' : undefined;
  }
}

/** A process and all that descend from it; an orphan's parent is the first of its sandbox, so none is missed. */
export async function treeOf(root: number): Promise<number[]> {
  const found = [root];
  for (const pid of found) {
    const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
    const children = await Promise.all(
      threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, 'utf8').catch(() => '')),
    );
    found.push(...children.join(' ').split(/\s+/).filter(Boolean).map(Number));
  }
  return found;
}

async function residentBytes(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/statm`, 'utf8').catch(() => '0 0');
  return Number(text.split(' ')[1]) * PAGE;
}
