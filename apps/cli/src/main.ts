#!/usr/bin/env node
import { program } from 'commander';
import { addCodec } from './codec.js';
import { addDoctor } from './doctor.js';
import { addEvidence } from './evidence.js';
import { addOps } from './ops.js';
import { print, told } from './output.js';
import { addAccount } from './people/account.js';
import { addBond } from './people/bond.js';
import { addContribute } from './people/contribute.js';
import { addDatasets } from './people/datasets.js';
import { addIdentity } from './people/identity.js';
import { addSchema } from './people/schema.js';
import { addTokens } from './people/tokens.js';
import { addTrail } from './people/trail.js';
import { addVoting } from './people/voting.js';
import { addProvider } from './provider.js';

program
  .name('livepod')
  .description('One verb per role: contribute data, vote, run a provider, operate rounds, prove what happened.')
  .showHelpAfterError('(add --help for what it takes, and an example)')
  .showSuggestionAfterError();
for (const add of [
  addIdentity,
  addAccount,
  addTokens,
  addBond,
  addSchema,
  addContribute,
  addDatasets,
  addTrail,
  addVoting,
  addProvider,
  addOps,
  addEvidence,
  addCodec,
  addDoctor,
])
  add(program);

program.parseAsync().catch((error: unknown) => {
  const { code, origin, message } = told(error);
  if (process.argv.includes('--json')) print(true, { ok: false, error: { code, origin, message } }, () => message);
  else process.stderr.write(`${message}\n`);
  process.exitCode = 1;
});
