import { Principal } from '@dfinity/principal';
import { balance, everyPage, type Clients } from '@livepod/client';
import { statementOf, type Statement } from '@livepod/evidence';
import { hex, oneLine, tokens } from '@livepod/protocol';
import { InvalidArgumentError, type Command } from 'commander';
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
    .description(
      'what somebody has: balance, bonds, neurons, what they were paid for, and every movement with its proof',
    )
    .argument('[principal]', 'whose; yours (--identity) without it', principalArgument)
    .addOption(identityOption())
    .addOption(networkOption())
    .addOption(jsonOption())
    .option('--from <date>', 'movements from then on, such as 2026-01-31', dateOf)
    .addHelpText(
      'after',
      '\nExample: livepod account --identity me.json\n' +
        'Status 1 when the treasury’s log is not as the network certifies.',
    )
    .action(async (given: Principal | undefined, { from, ...reach }: Reach & { from?: bigint }) => {
      const owner = given ?? (reach.identity === undefined ? undefined : loadIdentity(reach.identity).getPrincipal());
      if (!owner) throw new CliError('badArguments', {}, 'Whose account? Give a principal, or --identity FILE.');
      const clients = await connected({ ...reach, identity: undefined });
      const [held, bonds, locked, payments, statement] = await Promise.all([
        balance(clients, owner),
        bondsOf(clients, owner),
        neuronsOf(clients, owner),
        paymentsTo(clients, owner),
        statementOf(clients, owner.toText(), from),
      ]);
      const neurons = locked.map((neuron) => ({
        id: hex(Uint8Array.from(neuron.id[0]?.id ?? [])),
        stake: neuron.cached_neuron_stake_e8s,
      }));
      const ok = !('unproven' in statement.log);
      const value = { ok, principal: owner.toText(), balance: held, bonds, neurons, payments, statement };
      print(reach.json, value, () =>
        [
          `Account ${owner.toText()}`,
          `Balance:  ${tokens(held)} tokens`,
          ...Object.entries(bonds).map(([role, bond]) => `Bond:     ${tokens(bond)} as ${role}`),
          ...neurons.map(({ id, stake }) => `Neuron:   ${tokens(stake)} locked, ${id}`),
          ...payments.map(({ amount, why, at }) => `Paid:     ${tokens(amount)} for ${why}, ${at}`),
          '',
          ...statementInWords(statement),
        ].join('\n'),
      );
      if (!ok) process.exitCode = 1;
    });
}

/** Each movement with the entry of the treasury's log that says so, and what they come to. */
export function statementInWords({ lines, log }: Statement): string[] {
  if ('unproven' in log) return [`Movements are NOT PROVEN: ${log.unproven}`];
  const signed = (amount: bigint): string => (amount < 0n ? `-${tokens(-amount)}` : tokens(amount));
  const sum = lines.reduce((total, { amount }) => total + amount, 0n);
  return [
    'Movements in the treasury, oldest first',
    ...lines.map(({ kind, amount, why, block, at, entry }) => {
      const moved = amount === 0n ? '' : ` ${signed(amount)}`;
      const where = block === null ? '' : `, block ${block}`;
      return `${moment(BigInt(at))}  ${kind}${moved}: ${oneLine(why)}${where}  [treasury ${entry}]`;
    }),
    ...(lines.length === 0 ? ['none'] : [`Together ${signed(sum)} tokens, the ledger’s own fees aside.`]),
    `[treasury numbers] are the entries of its audit log that say so, certified by the network at ` +
      `${moment(log.certifiedAt)}.`,
  ];
}

/** A day as nanoseconds since 1970. */
function dateOf(text: string): bigint {
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw new InvalidArgumentError('Give a date such as 2026-01-31.');
  return BigInt(at) * 1_000_000n;
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
