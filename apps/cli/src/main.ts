#!/usr/bin/env node
import { program } from 'commander';
import { addCodec } from './codec.js';
import { addContribute } from './contribute.js';
import { addDoctor } from './doctor.js';
import { addEvidence } from './evidence.js';
import { addOps } from './ops.js';
import { addProvider } from './provider.js';

program
  .name('livepod')
  .description('One verb per role: contribute data, run a provider, operate rounds, prove what happened.')
  .showHelpAfterError();
for (const add of [addContribute, addProvider, addOps, addEvidence, addCodec, addDoctor]) add(program);

program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
