import { randomBytes } from 'node:crypto';
import { approve, type Clients, type Treasury } from '@livepod/client';
import { tokens } from '@livepod/protocol';
import { Argument, type Command } from 'commander';
import { amountOf, moment } from '../amounts.js';
import { connectedAs, identityOption, jsonOption, networkOption, type Reach } from '../options.js';
import { print } from '../output.js';
import { affordable } from './tokens.js';

export const ROLES = ['contributor', 'provider'] as const;
export type Role = (typeof ROLES)[number];
export const purposeOf = (role: Role) => (role === 'provider' ? { provider: null } : { contributor: null });

/** Puts tokens into the caller's bond, once per reference. */
export async function postBond(
  clients: Clients,
  role: Role,
  amount: bigint,
  reference = `bond-${randomBytes(8).toString('hex')}`,
): Promise<Treasury.Bond> {
  await approve(clients, amount + (await clients.ledger.icrc1_fee()));
  return clients.treasury.post_bond({ purpose: purposeOf(role), amount, client_ref: reference });
}

/** Paid back when the canister names the same moment again after it has come. */
async function giveBack(role: Role, reach: Reach): Promise<void> {
  const { clients } = await connectedAs(reach);
  const before = await clients.treasury.leaving_bond({ holder: clients.principal, purpose: purposeOf(role) });
  const { amount, due } = await clients.treasury.return_bond({ purpose: purposeOf(role) });
  const still = await clients.treasury.leaving_bond({ holder: clients.principal, purpose: purposeOf(role) });
  const paid = before !== undefined && still === undefined;
  print(reach.json, { ok: true, role, amount, due: moment(due), paid }, () =>
    paid
      ? `${tokens(amount)} tokens are back in your account, less the ledger’s fee.`
      : `${tokens(amount)} tokens leave your bond. Give the same command again after ${moment(due)} to be paid.`,
  );
}

/** What one stands behind one's work with. */
export function addBond(program: Command): void {
  const bond = program
    .command('bond')
    .description('what you stand behind your data or your work with')
    .addHelpText('after', '\nExample: livepod bond post contributor 20 --identity me.json');
  const roleArgument = (): Argument => new Argument('<role>', 'what for').choices(ROLES);
  bond
    .command('post')
    .description('put tokens into your bond; a bond can be taken in part, by vote, when what you contribute does harm')
    .addArgument(roleArgument())
    .argument('<amount>', 'in tokens', amountOf)
    .option('--reference <text>', 'repeated with the same reference, it is posted once')
    .addOption(identityOption())
    .addOption(networkOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample: livepod bond post contributor 20 --identity me.json')
    .action(async (role: Role, amount: bigint, { reference, ...reach }: Reach & { reference?: string }) => {
      const { clients } = await connectedAs(reach);
      await affordable(clients, amount, 2);
      const posted = await postBond(clients, role, amount, reference);
      print(reach.json, { ok: true, role, amount: posted.amount, slashed: posted.slashed }, () => {
        return `Your ${role}’s bond holds ${tokens(posted.amount)} tokens.`;
      });
    });
  bond
    .command('return')
    .description('give notice of a bond; when that is over, the same command pays it back')
    .addArgument(roleArgument())
    .addOption(identityOption())
    .addOption(networkOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample: livepod bond return contributor --identity me.json')
    .action(giveBack);
}
