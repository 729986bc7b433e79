#!/usr/bin/env node
// For POCKET_IC_BIN: what the clients of PocketIC start instead of its server.
import { pathToFileURL } from 'node:url';
import { bundled } from '../src/bundle.mjs';

if (process.argv.includes('--version')) process.stdout.write('pocket-ic-server 16.1.0\n');
else await import(pathToFileURL(bundled('pocket-ic/main')[0]).href);
