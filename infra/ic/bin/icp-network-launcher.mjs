#!/usr/bin/env node
// For ICP_CLI_NETWORK_LAUNCHER_PATH: `icp network start` runs this instead of its own network.
import { register } from 'tsx/esm/api';

register();
await import('../src/launcher.ts');
