import { readNetwork } from '@livepod/client/node';
import { parseArgs } from 'node:util';
import { targetsOf } from './targets.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { network: { type: 'string', default: process.env['LIVEPOD_NETWORK'] ?? '.state/network.json' } },
});
if (positionals[0] === 'targets')
  process.stdout.write(`${JSON.stringify(targetsOf(readNetwork(values.network)), null, 2)}\n`);
else {
  process.stderr.write('usage: main.ts targets [--network FILE] > infra/observability/prometheus/targets.json\n');
  process.exitCode = 2;
}
