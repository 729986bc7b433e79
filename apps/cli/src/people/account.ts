import { Principal } from '@dfinity/principal';
import { balance, type Clients, type Treasury } from '@livepod/client';
import { hex, PAGE_LIMIT } from '@livepod/protocol';
import type { Command } from 'commander';
import { loadIdentity } from '@livepod/client/node';
import { moment, tokens } from '../amounts.js';
import { CliError } from '../errors.js';
import { connected, identityOption, jsonOption, networkOption, type Reach } from '../options.js';
import { print } from '../output.js';
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
      const [held, bonds, neurons, payments] = await Promise.all([
        balance(clients, owner),
        bondsOf(clients, owner),
        neuronsOf(clients, owner),
        paymentsTo(clients, owner),
      ]);
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
  const roles = ['contributor', 'provider'] as const;
  const found: Record<string, bigint> = {};
  for (const role of roles) {
    const bond = await clients.treasury.get_bond({ holder, purpose: { [role]: null } as Treasury.BondPurpose });
    if (bond) found[role] = bond.amount;
  }
  return found;
}

async function neuronsOf(clients: Clients, owner: Principal): Promise<{ id: string; stake: bigint }[]> {
  const { neurons } = await clients.governance.list_neurons({
    of_principal: [owner],
    limit: PAGE_LIMIT,
    start_page_at: [],
  });
  return neurons.map((neuron) => ({
    id: hex(Uint8Array.from(neuron.id[0]?.id ?? [])),
    stake: neuron.cached_neuron_stake_e8s,
  }));
}

/** Payments out of escrows to an account, oldest first. */
async function paymentsTo(clients: Clients, owner: Principal): Promise<Paid[]> {
  const paid: Paid[] = [];
  let after: bigint | undefined;
  for (;;) {
    const page = await clients.treasury.list_escrows({ after: after === undefined ? [] : [after], limit: PAGE_LIMIT });
    for (const { job, payments, opened_at } of page)
      for (const { to, amount, why, block } of payments)
        if (to.toText() === owner.toText())
          paid.push({ amount, why, job, block: block[0] ?? null, at: moment(opened_at) });
    if (page.length < PAGE_LIMIT) return paid;
    after = page.at(-1)!.id;
  }
}
