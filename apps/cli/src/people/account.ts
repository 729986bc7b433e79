import { Principal } from '@dfinity/principal';
import { balance, everyPage, type Clients } from '@livepod/client';
import { hex, tokens } from '@livepod/protocol';
import type { Command } from 'commander';
import { loadIdentity } from '@livepod/client/node';
import { moment } from '../amounts.js';
import { CliError } from '../errors.js';
import { connected, identityOption, jsonOption, networkOption, type Reach } from '../options.js';
import { print } from '../output.js';
import { purposeOf, ROLES } from './bond.js';
import { neuronsOf } from './neurons.js';
import { principalArgument } from './tokens.js';

interface Paid {
  amount: bigint;
  why: string;
  job: bigint;
  block: bigint | null;
  at: string;
}

export function addAccount(program: Command): void {
  program
    .command('account')
    .description('what somebody has: balance, bonds, neurons, and what they were paid for')
    .argument('[principal]', 'whose; yours (--identity) without it', principalArgument)
    .addOption(identityOption())
    .addOption(networkOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample: livepod account --identity me.json')
    .action(async (given: Principal | undefined, reach: Reach) => {
      const owner = given ?? (reach.identity === undefined ? undefined : loadIdentity(reach.identity).getPrincipal());
      if (!owner) throw new CliError('badArguments', {}, 'Whose account? Give a principal, or --identity FILE.');
      const clients = await connected({ ...reach, identity: undefined });
      const [held, bonds, locked, payments] = await Promise.all([
        balance(clients, owner),
        bondsOf(clients, owner),
        neuronsOf(clients, owner),
        paymentsTo(clients, owner),
      ]);
      const neurons = locked.map((neuron) => ({
        id: hex(Uint8Array.from(neuron.id[0]?.id ?? [])),
        stake: neuron.cached_neuron_stake_e8s,
      }));
      const value = { principal: owner.toText(), balance: held, bonds, neurons, payments };
      print(reach.json, value, () =>
        [
          `Account ${owner.toText()}`,
          `Balance:  ${tokens(held)} tokens`,
          ...Object.entries(bonds).map(([role, bond]) => `Bond:     ${tokens(bond)} as ${role}`),
          ...neurons.map(({ id, stake }) => `Neuron:   ${tokens(stake)} locked, ${id}`),
          ...payments.map(({ amount, why, at }) => `Paid:     ${tokens(amount)} for ${why}, ${at}`),
        ].join('\n'),
      );
    });
}

async function bondsOf(clients: Clients, holder: Principal): Promise<Record<string, bigint>> {
  const found: Record<string, bigint> = {};
  for (const role of ROLES) {
    const bond = await clients.treasury.get_bond({ holder, purpose: purposeOf(role) });
    if (bond) found[role] = bond.amount;
  }
  return found;
}

/**
 * Payments out of escrows to an account, oldest first. The index names the escrows; a line of it shows the first twenty
 * payments alone, an escrow has all.
 */
async function paymentsTo(clients: Clients, owner: Principal): Promise<Paid[]> {
  const lines = await everyPage(
    (page) => clients.treasury.newest_payments({ about: [{ account: owner }], ...page }),
    ({ escrow }) => escrow,
  );
  const paid: Paid[] = [];
  for (const { escrow } of lines.reverse()) {
    const { job, payments, opened_at } = (await clients.treasury.get_escrow(escrow))!;
    for (const { to, amount, why, block } of payments)
      if (to.toText() === owner.toText())
        paid.push({ amount, why, job, block: block[0] ?? null, at: moment(opened_at) });
  }
  return paid;
}
