import { Command, CommanderError } from 'commander';
import { print, say, told, type Told } from './output.js';

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
  network: async () => (await import('./network/index.js')).addNetwork,
  provider: async () => (await import('./provider/index.js')).addProvider,
  ops: async () => (await import('./ops.js')).addOps,
  evidence: async () => (await import('./evidence.js')).addEvidence,
  codec: async () => (await import('./codec.js')).addCodec,
  doctor: async () => (await import('./doctor.js')).addDoctor,
};

async function voting(): Promise<Add> {
  return (await import('./people/voting.js')).addVoting;
}

/** The command line, with the one command that is asked for, or with all. */
export async function programFor(asked = ''): Promise<Command> {
  const program = new Command('livepod')
    .description('One verb per role: contribute data, vote, run a provider, operate rounds, prove what happened.')
    .addHelpText('after', '\nExample: livepod contribute recordings --schema schema.json --dry-run')
    .showHelpAfterError('(add --help for what it takes, and an example)')
    .showSuggestionAfterError()
    .exitOverride();
  const loaders = Object.hasOwn(COMMANDS, asked) ? [COMMANDS[asked]!] : new Set(Object.values(COMMANDS));
  for (const load of loaders) (await load())(program);
  return program;
}

/** Does what a command line asks; what goes wrong is told, and is the process's status. */
export async function livepod(args: readonly string[]): Promise<void> {
  try {
    const program = await programFor(args[0]);
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    const json = args.includes('--json');
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode;
      // in words it was said already
      if (json && error.exitCode !== 0)
        tell({
          code: 'badArguments',
          origin: 'person',
          message: `${error.message.replace(/^error: /, '')}; --help says what it takes.`,
        });
      return;
    }
    process.exitCode = 1;
    const { code, origin, message } = told(error);
    if (json) tell({ code, origin, message });
    else say(message);
  }
}

const tell = (error: Told): void => print(true, { ok: false, error }, () => error.message);
