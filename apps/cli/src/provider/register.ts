import { connect, stake, type Clients } from '@livepod/client';
import { loadIdentity, readNetwork } from '@livepod/client/node';
import { tokens } from '@livepod/protocol';
import { Option, type Command } from 'commander';
import { amountOption, momentOfSeconds } from '../amounts.js';
import { jsonOption } from '../options.js';
import { print, say } from '../output.js';
import { postBond, purposeOf } from '../people/bond.js';
import { stakeOf } from '../people/neurons.js';
import { affordable } from '../people/tokens.js';
import { ProviderFolder } from './folder.js';
import { folderOption } from './init.js';
import { proposeProvider } from './propose.js';

const DAY_SECONDS = 86_400;

interface Options {
  folder: string;
  bond: bigint;
  stake: bigint;
  class: 'bonded' | 'open';
  propose: boolean;
  json?: boolean;
}

/** What makes a provider known: a bond, its name, and a vote on it. */
export function addRegister(provider: Command): void {
  provider
    .command('register')
    .description('post the bond, register the name, and put the provider to the vote; done twice, only what is missing')
    .addOption(amountOption('--bond <tokens>', 'what you stand behind your work with', '200'))
    .addOption(
      amountOption('--stake <tokens>', 'locked in a neuron for a year, so that you may propose yourself', '10'),
    )
    .addOption(
      new Option(
        '--class <class>',
        'bonded; open for one that runs recipes without a sandbox, which licences can exclude',
      )
        .choices(['bonded', 'open'])
        .default('bonded'),
    )
    .option('--no-propose', 'leave the proposal to somebody who has a neuron')
    .addOption(folderOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample: livepod provider register --bond 200')
    .action(async (options: Options) => {
      const folder = new ProviderFolder(options.folder);
      const { name } = folder;
      const clients = await connect(readNetwork(folder.network), loadIdentity(folder.identity));
      await postMissing(clients, options);
      const known =
        (await clients.access.get_provider(clients.principal)) ??
        (await clients.access.register_provider({
          name,
          class: options.class === 'open' ? { open: null } : { bonded: null },
        }));
      const approved = 'approved' in known.status;
      const proposal = approved || !options.propose ? undefined : await proposed(clients, name, options.stake);
      const value = {
        ok: true,
        name,
        principal: clients.principal.toText(),
        approved,
        proposal: proposal?.number ?? null,
      };
      print(options.json, value, () =>
        [
          `${name} is registered as ${clients.principal.toText()}.`,
          approved
            ? 'It is approved: livepod provider run'
            : proposal
              ? `Proposal ${proposal.number} on it is open until ${proposal.until}. Then, or now: livepod provider run`
              : `A neuron’s holder has to propose it: livepod provider propose ${clients.principal.toText()}`,
        ].join('\n'),
      );
    });
}

/** Says before anything is paid that there is not enough; what was posted and locked already is not asked for again. */
async function postMissing(clients: Clients, { bond, stake: staked, propose: own }: Options): Promise<void> {
  const posted = await clients.treasury.get_bond({ holder: clients.principal, purpose: purposeOf('provider') });
  const missing = atLeastZero(bond - (posted?.amount ?? 0n));
  const unstaked = own ? atLeastZero(staked - (await stakeOf(clients))) : 0n;
  if (missing + unstaked > 0n) await affordable(clients, missing + unstaked, (missing ? 2 : 0) + (unstaked ? 2 : 0));
  if (missing === 0n) return;
  say(`Posting ${tokens(missing)} tokens as bond`);
  await postBond(clients, 'provider', missing);
}

const atLeastZero = (amount: bigint): bigint => (amount > 0n ? amount : 0n);

/** Proposes once: a repeat finds the proposal that is there. */
async function proposed(clients: Clients, name: string, amount: bigint): Promise<{ number: number; until: string }> {
  await stake(clients, { amount, dissolveDelaySeconds: 365 * DAY_SECONDS });
  const { proposal, deadlineSeconds } = await proposeProvider(clients, clients.principal, name);
  return { number: proposal, until: momentOfSeconds(deadlineSeconds) };
}
