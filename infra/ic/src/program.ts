import { fileURLToPath } from 'node:url';

/** The program that runs a host in a process of its own: `node IC_PROGRAM --state DIR`, with `--help` for the rest. */
export const IC_PROGRAM = fileURLToPath(new URL('../bin/ic.mjs', import.meta.url));
