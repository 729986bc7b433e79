import { Principal } from '@dfinity/principal';
import { propose } from '@livepod/client';
import type { Command } from 'commander';
import { CliError } from '../errors.js';
import { connectedAs, identityOption, jsonOption, networkOption, type Reach } from '../options.js';
import { print } from '../output.js';
import { principalArgument } from '../people/tokens.js';
import { addAdd } from './add.js';
import { addInit } from './init.js';
import { addRegister } from './register.js';
import { addDoctor, addRun } from './run.js';

/** From an invitation to a process that trains. */
export function addProvider(program: Command): void {
  const provider = program.command('provider').description('be a training provider, or add one');
  addAdd(provider);
  addInit(provider);
  addRegister(provider);
  addPropose(provider);
  addDoctor(provider);
  addRun(provider);
}

function addPropose(provider: Command): void {
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
      const { proposal } = await propose(clients, {
        method: 'approve_provider',
        payload: { provider: principal },
        clientRef: `approve-${principal.toText()}`.slice(0, 50),
        title: `Approve provider ${known.name}`,
        summary: `Approve ${known.name}, principal ${principal.toText()}, as a training provider.`,
      });
      print(reach.json, { ok: true, proposal }, () => `Proposal ${proposal}: livepod proposal ${proposal}`);
    });
}
