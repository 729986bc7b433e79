import { createServer } from 'node:net';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

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
      if (port !== undefined && !this.taken.has(port) && (await bound(port)) !== null) return this.keep(name, port);
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
