import { renameSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { PocketServer } from './server.js';

const DEFAULT_TTL = 60;

/** What the clients of PocketIC start: writes its port to a file, serves, and ends itself when nobody has asked for `--ttl` seconds. */
async function main(): Promise<void> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: { 'port-file': text, ttl: text, 'hard-ttl': text, port: text, 'ip-addr': text, 'log-levels': text }, strict: false,
  });
  const pocket = new PocketServer();
  const port = await pocket.listen();
  const stop = (): void => { void pocket.close().finally(() => process.exit(0)); };
  process.once('SIGTERM', stop).once('SIGINT', stop);
  const patience = Number(values.ttl ?? DEFAULT_TTL) * 1000;
  setInterval(() => { if (pocket.idleSince !== undefined && Date.now() - pocket.idleSince > patience) stop(); }, 500);
  if (values['hard-ttl'] !== undefined) setTimeout(stop, Number(values['hard-ttl']) * 1000);
  if (typeof values['port-file'] !== 'string') {
    process.stdout.write(`${port}\n`);
    return;
  }
  writeFileSync(`${values['port-file']}.new`, `${port}\n`);
  renameSync(`${values['port-file']}.new`, values['port-file']);
}

main().catch((failure: unknown) => {
  process.stderr.write(`${String((failure as Error).stack)}\n`);
  process.exit(1);
});
