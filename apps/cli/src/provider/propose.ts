import type { Principal } from '@dfinity/principal';
import { propose, type Clients, type ProposalReceipt } from '@livepod/client';
import type { Command } from 'commander';
import { CliError } from '../errors.js';
import { connectedAs, identityOption, jsonOption, networkOption, type Reach } from '../options.js';
import { print } from '../output.js';
import { principalArgument } from '../people/tokens.js';

/** Puts a registered provider to the vote, by the caller's neuron; a repeat finds the proposal that is there. */
export const proposeProvider = (clients: Clients, provider: Principal, name: string): Promise<ProposalReceipt> =>
  propose(clients, {
    method: 'approve_provider',
    payload: { provider },
    clientRef: `approve-${provider.toText()}`.slice(0, 50),
    title: `Approve provider ${name}`,
    summary: `Approve ${name}, principal ${provider.toText()}, as a training provider.`,
  });

export function addPropose(provider: Command): void {
  provider
    .command('propose')
    .description('put a registered provider to the vote; takes a neuron (livepod stake)')
    .argument('<principal>', 'of the provider', principalArgument)
    .addOption(identityOption())
    .addOption(networkOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample: livepod provider propose 2vxsx-fae --identity me.json')
    .action(async (principal: Principal, reach: Reach) => {
      const { clients } = await connectedAs(reach);
      const known = await clients.access.get_provider(principal);
      if (!known)
        throw new CliError('badArguments', {}, `${principal.toText()} is not registered; livepod provider register.`);
      const { proposal } = await proposeProvider(clients, principal, known.name);
      print(reach.json, { ok: true, proposal }, () => `Proposal ${proposal}: livepod proposal ${proposal}`);
    });
}
