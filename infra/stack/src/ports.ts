import { createServer } from 'node:net';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { bornAt, isAlive, type Pid } from './pids.js';

/**
 * Chooses ports of 127.0.0.1: the one used last time, else the usual one, else any; remembers the choice, so that links
 * stay good.
 */
export class Ports {
  private readonly chosen: Record<string, number>;
  private readonly taken = new Set<number>();

  constructor(private readonly file: string) {
    try {
      this.chosen = JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>;
    } catch {
      this.chosen = {};
    }
  }

  async choose(name: string, usual: number): Promise<number> {
    for (const port of [this.chosen[name], usual]) {
      if (port === undefined || this.taken.has(port) || (await bound(port)) === null) continue;
      if (claim(port)) return this.keep(name, port);
    }
    for (;;) {
      const port = (await bound(0))!;
      if (!this.taken.has(port)) return this.keep(name, port);
    }
  }

  private keep(name: string, port: number): number {
    this.taken.add(port);
    this.chosen[name] = port;
    mkdirSync(dirname(this.file), { recursive: true });
    writeFileSync(this.file, `${JSON.stringify(this.chosen, null, 2)}\n`);
    return port;
  }
}

/**
 * Keeps a port from other stacks that start at this moment: it is free until the server that it is for listens.
 *
 * @returns whether no other living process has claimed it
 */
function claim(port: number): boolean {
  const file = join(tmpdir(), 'livepod-ports', String(port));
  const me: Pid = { pid: process.pid, born: bornAt(process.pid) ?? '' };
  try {
    mkdirSync(dirname(file), { recursive: true });
    const owner = ownerOf(file);
    if (owner?.pid === me.pid) return true;
    if (owner && isAlive(owner)) return false;
    rmSync(file, { force: true });
    writeFileSync(file, JSON.stringify(me), { flag: 'wx' });
    return true;
  } catch (error) {
    // another was faster; any other reason (a folder of another user's) is none to do without the port
    return (error as NodeJS.ErrnoException).code !== 'EEXIST';
  }
}

function ownerOf(file: string): Pid | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Pid;
  } catch {
    return null;
  }
}

/** Binds a port for a moment (0: any); returns it, or null when something listens there. */
function bound(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen(port, '127.0.0.1', () => {
      const { port: got } = server.address() as { port: number };
      server.close(() => resolve(got));
    });
  });
}
