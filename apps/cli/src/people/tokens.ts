import { Principal } from '@dfinity/principal';
import { balance, transfer } from '@livepod/client';
import { tokens } from '@livepod/protocol';
import { InvalidArgumentError, type Command } from 'commander';
import { amountOf } from '../amounts.js';
import { CliError } from '../errors.js';
import { connectedAs, identityOption, jsonOption, networkOption, type Reach } from '../options.js';
import { print } from '../output.js';

/** A principal as it is written. */
export function principalArgument(text: string): Principal {
  try {
    return Principal.fromText(text);
  } catch {
    throw new InvalidArgumentError('It is no principal; livepod identity show FILE prints one.');
  }
}

export function addTokens(program: Command): void {
  program
    .command('tokens')
    .description('move tokens')
    .addHelpText('after', '\nExample: livepod tokens send 2vxsx-fae 25.5 --identity me.json')
    .command('send')
    .description('send tokens from your account to somebody’s; the ledger’s fee comes on top')
    .argument('<principal>', 'whose account', principalArgument)
    .argument('<amount>', 'in tokens', amountOf)
    .addOption(identityOption())
    .addOption(networkOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample: livepod tokens send 2vxsx-fae 25.5 --identity me.json')
    .action(async (to: Principal, amount: bigint, reach: Reach) => {
      const { clients } = await connectedAs(reach);
      await affordable(clients, amount, 1);
      const block = await transfer(clients, to, amount);
      print(reach.json, { ok: true, to: to.toText(), amount, block }, () => `${tokens(amount)} sent, block ${block}.`);
    });
}

/**
 * Says before anything happens that there is not enough.
 * @param transfers  how many transfers of the ledger it takes, each with its fee
 * @throws CliError `badArguments`
 */
export async function affordable(
  clients: Awaited<ReturnType<typeof connectedAs>>['clients'],
  amount: bigint,
  transfers: number,
): Promise<void> {
  const [held, fee] = await Promise.all([balance(clients), clients.ledger.icrc1_fee()]);
  const needed = amount + fee * BigInt(transfers);
  if (held >= needed) return;
  throw new CliError(
    'badArguments',
    { held: String(held), needed: String(needed) },
    `Your account ${clients.principal.toText()} holds ${tokens(held)} tokens, and ${tokens(needed)} are needed, fees ` +
      'included; have somebody send you the rest.',
  );
}
