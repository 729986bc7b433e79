#!/usr/bin/env node
// For ICP_CLI_NETWORK_LAUNCHER_PATH: `icp network start` runs this instead of its own network.
import { pathToFileURL } from 'node:url';
import { bundled } from '../src/bundle.mjs';

await import(pathToFileURL(bundled('launcher')[0]).href);
