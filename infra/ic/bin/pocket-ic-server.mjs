#!/usr/bin/env node
// For POCKET_IC_BIN: what the clients of PocketIC start instead of its server.
import { register } from 'tsx/esm/api';

if (process.argv.includes('--version')) {
  process.stdout.write('pocket-ic-server 16.1.0\n');
} else {
  register();
  await import('../src/pocket-ic/main.ts');
}
