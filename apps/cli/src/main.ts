#!/usr/bin/env node
import { program, type Command } from 'commander';
import { print, told } from './output.js';

type Add = (program: Command) => void;

/** Each command, and the module that it is loaded from when it is asked for. */
const COMMANDS: Record<string, () => Promise<Add>> = {
  identity: async () => (await import('./people/identity.js')).addIdentity,
  account: async () => (await import('./people/account.js')).addAccount,
  tokens: async () => (await import('./people/tokens.js')).addTokens,
  bond: async () => (await import('./people/bond.js')).addBond,
  schema: async () => (await import('./people/schema.js')).addSchema,
  contribute: async () => (await import('./people/contribute.js')).addContribute,
  dataset: async () => (await import('./people/datasets.js')).addDatasets,
  trail: async () => (await import('./people/trail.js')).addTrail,
  pages: async () => (await import('./people/pages.js')).addPages,
  stake: voting,
  proposals: voting,
  proposal: voting,
  vote: voting,
  follow: voting,
  provider: async () => (await import('./provider/index.js')).addProvider,
  ops: async () => (await import('./ops.js')).addOps,
  evidence: async () => (await import('./evidence.js')).addEvidence,
  codec: async () => (await import('./codec.js')).addCodec,
  doctor: async () => (await import('./doctor.js')).addDoctor,
};

async function voting(): Promise<Add> {
  return (await import('./people/voting.js')).addVoting;
}

program
  .name('livepod')
  .description('One verb per role: contribute data, vote, run a provider, operate rounds, prove what happened.')
  .showHelpAfterError('(add --help for what it takes, and an example)')
  .showSuggestionAfterError();

const asked = process.argv[2] ?? '';
const loaders = Object.hasOwn(COMMANDS, asked) ? [COMMANDS[asked]!] : new Set(Object.values(COMMANDS));
try {
  for (const load of loaders) (await load())(program);
  await program.parseAsync();
} catch (error) {
  const { code, origin, message } = told(error);
  if (process.argv.includes('--json')) print(true, { ok: false, error: { code, origin, message } }, () => message);
  else process.stderr.write(`${message}\n`);
  process.exitCode = 1;
}
