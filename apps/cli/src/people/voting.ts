import { command, decision, listProposals, stake, vote, type Clients, type Decision } from '@livepod/client';
import {
  GOVERNED,
  GOVERNED_METHODS,
  hex,
  oneLine,
  PAGE_LIMIT,
  unhex,
  type GovernedMethod,
  tokens,
} from '@livepod/protocol';
import { Argument, InvalidArgumentError, Option, type Command } from 'commander';
import { amountOf, momentOfSeconds } from '../amounts.js';
import { CliError } from '../errors.js';
import { connected, connectedAs, identityOption, jsonOption, networkOption, type Reach } from '../options.js';
import { print, quoted, table } from '../output.js';
import { neuronsOf, stakeOf } from './neurons.js';
import { proofOfDecision, provenInWords } from './proofs.js';
import { affordable } from './tokens.js';

const DAY_SECONDS = 86_400;

/** What token holders do: lock tokens, read proposals, vote, follow. */
export function addVoting(program: Command): void {
  addStake(program);
  program
    .command('proposals')
    .description('proposals, newest first')
    .option('--open', 'only those that can still be voted on')
    .option('--before <number>', 'the page before this one', whole)
    .addOption(networkOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample: livepod proposals --open')
    .action(listed);
  program
    .command('proposal')
    .description('one proposal in words: what would happen, what was checked, how it stands, until when; with proof')
    .argument('<number>', '', whole)
    .addOption(networkOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample: livepod proposal 12')
    .action(async (number: number, reach: Reach) => {
      const clients = await connected(reach);
      // What people vote by is what the whole subnet says that the proposal is.
      const found = await decision(clients.certified, number);
      const proof = await proofOfDecision(clients, found);
      print(reach.json, { ...found, proof }, () => `${inWords(found)}\n\nProof:    ${provenInWords(proof)}`);
    });
  program
    .command('vote')
    .description('vote with all your neurons')
    .argument('<number>', 'of the proposal', whole)
    .addArgument(new Argument('<ballot>').choices(['yes', 'no']))
    .addOption(identityOption())
    .addOption(networkOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample: livepod vote 12 yes --identity me.json')
    .action(voted);
  program
    .command('follow')
    .description('let your neurons vote as another neuron does; without one, vote for yourself again')
    .argument('[neuron]', 'its id, 64 hexadecimal digits, as livepod account shows it')
    .addOption(new Option('--on <method>', 'only on proposals of this kind').choices(GOVERNED_METHODS))
    .addOption(identityOption())
    .addOption(networkOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample: livepod follow 9f86d081… --on accept_dataset --identity me.json')
    .action(follow);
}

function addStake(program: Command): void {
  program
    .command('stake')
    .description('lock tokens in your neuron, so that you may vote and propose')
    .argument('<amount>', 'in tokens; what your neuron shall hold in all', amountOf)
    .option('--days <number>', 'how long it takes to get them back once you ask', whole, 365)
    .addOption(identityOption())
    .addOption(networkOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample: livepod stake 100 --identity me.json')
    .action(async (amount: bigint, { days, ...reach }: Reach & { days: number }) => {
      const { clients } = await connectedAs(reach);
      const held = await stakeOf(clients);
      if (held < amount) await affordable(clients, amount - held, 1);
      const id = hex(await stake(clients, { amount, dissolveDelaySeconds: days * DAY_SECONDS }));
      print(reach.json, { ok: true, neuron: id, amount, days }, () => {
        return `Neuron ${id} holds ${tokens(amount)} tokens for ${days} days. Then: livepod proposals --open`;
      });
    });
}

function whole(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('Give a whole number.');
  return Number(text);
}

async function listed({ open, before, ...reach }: Reach & { open?: boolean; before?: number }): Promise<void> {
  const found = await listProposals(await connected(reach), {
    ...(open === undefined ? {} : { open }),
    ...(before === undefined ? {} : { before }),
  });
  const rows = found.map((each) => [
    String(each.proposal),
    each.outcome,
    `${share(each.yes, each.total)} yes, ${share(each.no, each.total)} no`,
    momentOfSeconds(each.deadlineSeconds),
    each.title,
  ]);
  print(reach.json, found, () => {
    if (rows.length === 0) return open ? 'Nothing is open for voting.' : 'There is no proposal.';
    const more = rows.length === PAGE_LIMIT ? `\nOlder ones: livepod proposals --before ${rows.at(-1)![0]}` : '';
    return table([['number', 'outcome', 'votes', 'until', 'title'], ...rows]) + more;
  });
}

const share = (part: bigint, total: bigint): string =>
  total === 0n ? '0 %' : `${Number((part * 1000n) / total) / 10} %`;

function inWords(found: Decision): string {
  const says = Object.hasOwn(GOVERNED, found.method)
    ? GOVERNED[found.method as GovernedMethod].says
    : 'A motion: words alone';
  return [
    `Proposal ${found.proposal}: ${oneLine(found.title)}`,
    `Kind:     ${found.method}. ${says}.`,
    `Outcome:  ${found.outcome}${found.failure ? `: ${oneLine(found.failure)}` : ''}`,
    `Votes:    ${tokens(found.yes)} yes (${share(found.yes, found.total)}), ${tokens(found.no)} no ` +
      `(${share(found.no, found.total)}), of ${tokens(found.total)}`,
    `Until:    ${momentOfSeconds(found.deadlineSeconds)}, or sooner with a majority of all`,
    `Made by:  neuron ${found.proposer}`,
    '',
    quoted(found.rendering || '(no words by the canister that would carry it out)'),
    ...(found.summary === '' ? [] : ['', 'In its proposer’s own words, which nobody checked:', quoted(found.summary)]),
  ].join('\n');
}

/** The caller's neurons. @throws CliError `badArguments` when there is none */
async function ownNeurons(clients: Clients): Promise<Uint8Array[]> {
  const neurons = await neuronsOf(clients);
  if (neurons.length > 0) return neurons.map(({ id }) => Uint8Array.from(id[0]!.id));
  throw new CliError(
    'badArguments',
    { principal: clients.principal.toText() },
    'You have no neuron, and only neurons vote. Lock tokens first: livepod stake 100 --identity FILE',
  );
}

async function voted(number: number, ballot: 'yes' | 'no', reach: Reach): Promise<void> {
  const { clients } = await connectedAs(reach);
  const neurons = await ownNeurons(clients);
  const { method } = await decision(clients.certified, number);
  for (const neuron of neurons) await vote(clients, { proposal: number, vote: ballot, neuron });
  const now = await decision(clients, number);
  print(reach.json, { ok: true, neurons: neurons.length, ...now }, () => {
    const stands = `${share(now.yes, now.total)} yes, ${share(now.no, now.total)} no; ${now.outcome}`;
    return `Voted ${ballot} on proposal ${number} (${method}): ${stands}.`;
  });
}

async function follow(named: string | undefined, { on, ...reach }: Reach & { on?: GovernedMethod }): Promise<void> {
  if (named !== undefined && !/^[0-9a-f]{64}$/.test(named))
    throw new CliError('badArguments', { neuron: named }, `${named} is no neuron’s id; it has 64 hexadecimal digits.`);
  const { clients } = await connectedAs(reach);
  const followees = named === undefined ? [] : [{ id: unhex(named) }];
  // Function 0 stands for every other.
  const functionId = BigInt(on === undefined ? 0 : GOVERNED[on].id);
  const neurons = await ownNeurons(clients);
  for (const neuron of neurons) await command(clients, neuron, { Follow: { function_id: functionId, followees } });
  print(reach.json, { ok: true, neurons: neurons.length, follows: named ?? null, on: on ?? 'everything' }, () =>
    named === undefined
      ? 'Your neurons vote for themselves.'
      : `Your neurons vote on ${on ?? 'everything'} as ${named} does.`,
  );
}
