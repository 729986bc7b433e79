import { readFileSync } from 'node:fs';
import { isAlive, sleep } from './pids.js';
import { pidFile, type ProcessHandle, type Running } from './supervised.js';

/** A process of a stack that another `npm start` runs, as its pid file tells it. */
export class AttachedProcess implements ProcessHandle {
  readonly restarts = 0;

  constructor(
    private readonly state: string,
    readonly name: string,
  ) {}

  get pid(): number {
    const now = this.now();
    return now && isAlive(now) ? now.pid : 0;
  }
  get log(): string {
    return this.now()?.log ?? '';
  }
  get said(): Record<string, unknown> {
    return this.now()?.said ?? {};
  }

  kill(signal: NodeJS.Signals): void {
    const { pid } = this;
    if (pid) process.kill(pid, signal);
  }

  async restart(): Promise<void> {
    const before = this.pid;
    this.kill('SIGTERM');
    while (this.pid === before && before !== 0) await sleep(50);
    await this.ready();
  }

  async ready(): Promise<void> {
    while (this.pid === 0) await sleep(50);
  }

  private now(): Running | null {
    try {
      return JSON.parse(readFileSync(pidFile(this.state, this.name), 'utf8')) as Running;
    } catch {
      return null;
    }
  }
}
