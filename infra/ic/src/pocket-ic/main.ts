import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { PocketServer } from './server.js';

const DEFAULT_TTL = 60;

/**
 * What the clients of PocketIC start: writes its port to a file, serves, and ends itself when nobody has asked for
 * `--ttl` seconds.
 */
async function main(): Promise<void> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: { 'port-file': text, ttl: text, 'hard-ttl': text, port: text, 'ip-addr': text, 'log-levels': text },
    strict: false,
  });
  const portFile = typeof values['port-file'] === 'string' ? claim(values['port-file']) : undefined;
  if (portFile === 'taken') return;
  const pocket = new PocketServer();
  const port = await pocket.listen();
  const stop = (): void => {
    // first, so that no client still finds a server that is about to go
    if (portFile) rmSync(portFile.path, { force: true });
    void pocket.close().finally(() => process.exit(0));
  };
  process.once('SIGTERM', stop).once('SIGINT', stop);
  const patience = Number(values.ttl ?? DEFAULT_TTL) * 1000;
  setInterval(() => {
    if (pocket.idleSince !== undefined && Date.now() - pocket.idleSince > patience) stop();
  }, 500);
  if (values['hard-ttl'] !== undefined) setTimeout(stop, Number(values['hard-ttl']) * 1000);
  if (!portFile) {
    process.stdout.write(`${port}\n`);
    return;
  }
  writeSync(portFile.descriptor, `${port}\n`);
  closeSync(portFile.descriptor);
}

/**
 * Tests of one process start a server each under one name of the file: the first one serves them all, and the others
 * leave.
 */
function claim(path: string): { path: string; descriptor: number } | 'taken' {
  try {
    return { path, descriptor: openSync(path, 'wx') };
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code === 'EEXIST') return 'taken';
    throw failure;
  }
}

main().catch((failure: unknown) => {
  process.stderr.write(`${String((failure as Error).stack)}\n`);
  process.exit(1);
});
