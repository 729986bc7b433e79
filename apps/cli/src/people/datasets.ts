import {
  decision,
  everyAfter,
  neuronId,
  propose,
  votesOn,
  type Clients,
  type Datasets,
  type Decision,
} from '@livepod/client';
import { oneLine, voteReference, tokens } from '@livepod/protocol';
import { readManifest } from '@livepod/transfer';
import { Option, type Command } from 'commander';
import { moment, momentOfSeconds } from '../amounts.js';
import { CliError } from '../errors.js';
import { connected, connectedAs, identityOption, jsonOption, networkOption, type Reach } from '../options.js';
import { print, table } from '../output.js';
import { proofOfDecision, proofOfRegistration, provenInWords } from './proofs.js';

const STATUSES = ['submitted', 'accepted', 'rejected', 'withdrawn'] as const;
type Status = (typeof STATUSES)[number];

/** What can be trained on: listing, one in full, and its contributor's own steps. */
export function addDatasets(program: Command): void {
  const dataset = program
    .command('dataset')
    .description('datasets: listed, shown, proposed, withdrawn')
    .addHelpText('after', '\nExample: livepod dataset list');
  dataset
    .command('list')
    .description('every dataset, or those in one state, or yours')
    .addOption(new Option('--status <state>', 'only these').choices(STATUSES))
    .option('--mine', 'only those that you contributed (with --identity)')
    .addOption(identityOption())
    .addOption(networkOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample: livepod dataset list --status accepted')
    .action(list);
  dataset
    .command('show')
    .description(
      'what voters look at: labels, rate, duration, counts, licence, what was checked and by whom; with proof',
    )
    .argument('<dataset>', 'its id, or the beginning of it')
    .addOption(networkOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample: livepod dataset show sha256:4f2a91')
    .action(show);
  dataset
    .command('propose')
    .description('put a registered dataset to the vote; takes a neuron (livepod stake)')
    .argument('<dataset>', 'its id, or the beginning of it')
    .option('--summary <text>', 'what voters read besides its manifest', 'Accept this dataset for training.')
    .addOption(identityOption())
    .addOption(networkOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample: livepod dataset propose sha256:4f2a91 --identity me.json')
    .action(proposeDataset);
  dataset
    .command('withdraw')
    .description('take your dataset back, whatever a vote said of it; its stored chunks are erased')
    .argument('<dataset>', 'its id, or the beginning of it')
    .addOption(identityOption())
    .addOption(networkOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample: livepod dataset withdraw sha256:4f2a91 --identity me.json')
    .action(async (id: string, reach: Reach) => {
      const { clients } = await connectedAs(reach);
      const withdrawn = await clients.datasets.withdraw(await idForGood(clients, id));
      print(reach.json, { ok: true, dataset: withdrawn.id }, () => `${oneLine(withdrawn.title)} is withdrawn.`);
    });
}

const every = (clients: Clients, status?: Status): Promise<Datasets.Dataset[]> =>
  everyAfter(
    (page: { after: [] | [string]; limit: number }) =>
      clients.datasets.list_datasets({
        ...page,
        status: status === undefined ? [] : [{ [status]: null } as Datasets.Status],
      }),
    ({ id }) => id,
  );

/**
 * The dataset of an id, or of the beginning of one, or of a title.
 * @throws CliError `badArguments` when there is none, or more than one
 */
export async function datasetOf(clients: Clients, named: string): Promise<Datasets.Dataset> {
  const whole = /^sha256:[0-9a-f]{64}$/.test(named) ? await clients.datasets.get_dataset(named) : undefined;
  if (whole) return whole;
  const found: Datasets.Dataset[] = [];
  for (const dataset of await every(clients)) if (isCalled(dataset, named)) found.push(dataset);
  if (found.length === 1) return found[0]!;
  throw new CliError(
    'badArguments',
    { named, found: found.length },
    found.length === 0
      ? `There is no dataset ${named}; livepod dataset list shows all.`
      : `${named} begins ${found.length} datasets; give more of the id.`,
  );
}

const isCalled = ({ id, title }: Datasets.Dataset, named: string): boolean =>
  id.startsWith(named) || id.startsWith(`sha256:${named}`) || title === named;

/**
 * The id of one's dataset before something that cannot be taken back: whose name it is, the whole subnet has to say.
 *
 * @throws CliError `badArguments`
 */
async function idForGood(clients: Clients, named: string): Promise<string> {
  const { id } = await datasetOf(clients, named);
  const certain = await clients.certified.datasets.get_dataset(id);
  if (certain && isCalled(certain, named)) return id;
  throw new CliError(
    'badArguments',
    { named, id },
    `One node called ${id} “${named}”, and the network does not; nothing was done. Give the whole id.`,
  );
}

const stateOf = (dataset: Datasets.Dataset): string => Object.keys(dataset.status)[0]!;

async function list({ status, mine, ...reach }: Reach & { status?: Status; mine?: boolean }): Promise<void> {
  const clients = mine ? (await connectedAs(reach)).clients : await connected({ ...reach, identity: undefined });
  const found: Datasets.Dataset[] = [];
  for (const dataset of await every(clients, status))
    if (!mine || dataset.contributor.toText() === clients.principal.toText()) found.push(dataset);
  const rows = found.map((dataset) => [
    dataset.id.slice(0, 19),
    stateOf(dataset),
    `${tokens(dataset.fee)} a job`,
    moment(dataset.registered_at),
    dataset.title,
  ]);
  print(
    reach.json,
    found.map((dataset) => ({
      id: dataset.id,
      title: dataset.title,
      status: stateOf(dataset),
      contributor: dataset.contributor.toText(),
      fee: dataset.fee,
      bytes: dataset.bytes,
      registeredAt: moment(dataset.registered_at),
    })),
    () => (rows.length === 0 ? 'There is none.' : table([['dataset', 'state', 'fee', 'registered', 'title'], ...rows])),
  );
}

async function show(named: string, reach: Reach): Promise<void> {
  const clients = await connected(reach);
  const dataset = await datasetOf(clients, named);
  // Its id and its contributor's signature are verified here.
  const manifest = await readManifest(clients, dataset.id);
  const [votes, proof] = await Promise.all([
    votesOn(clients, dataset.id, Number(dataset.registered_at / 1_000_000_000n)),
    proofOfRegistration(clients, dataset),
  ]);
  const validation = await validationOf(clients, dataset, votes);
  const { schema, statistics, licence, modality, contributor, title } = manifest;
  const value = {
    ...{ id: dataset.id, status: stateOf(dataset), title, modality, contributor, schema, statistics, licence },
    files: manifest.files.map(({ name, bytes }) => ({ name, bytes })),
    registeredAt: moment(dataset.registered_at),
    validation,
    votes: votes.map(({ proposal, outcome, proposer, summary, yes, no, total }) => {
      return { proposal, outcome, proposer, summary, yes, no, total };
    }),
    proof,
  };
  print(reach.json, value, () =>
    [
      `${oneLine(title)} (${dataset.id})`,
      `State:     ${stateOf(dataset)}, registered ${value.registeredAt} by ${contributor}`,
      oneLine(`Measures:  ${schema.channels.map(({ name, unit }) => `${name} ${unit}`).join(', ')}; ${schema.device}`),
      `Rate:      ${schema.rateMilliHz / 1000} Hz`,
      `Duration:  ${(statistics.milliseconds / 60_000).toFixed(1)} min, ${statistics.records} recordings`,
      oneLine(
        `Labels:    ${Object.entries(statistics.labels)
          .map(([label, count]) => `${label} ${count}`)
          .join(', ')}`,
      ),
      oneLine(
        `Licence:   ${tokens(licence.fee)} tokens a job, by ${licence.access}; for ${licence.purposes.join(', ')}; ` +
          `providers ${licence.providerClasses.join(', ')}; ${licence.termDays} days`,
      ),
      `Paid to:   ${licence.splits.map(({ account, basisPoints }) => `${account} ${basisPoints / 100} %`).join(', ')}`,
      `Files:     ${manifest.files.map(({ name, bytes }) => `${name} (${bytes} bytes)`).join(', ')}`,
      'Validation',
      '  here: the manifest is the one that its id names, and its contributor signed it',
      oneLine(`  the datasets canister: ${validation}`),
      ...votes.map(
        ({ proposal, outcome, proposer, summary }) =>
          `  neuron ${proposer.slice(0, 16)}…, who proposed it (livepod proposal ${proposal}, ${outcome}): ` +
          oneLine(summary),
      ),
      ...(votes.length === 0 ? ['  nobody has proposed it yet'] : []),
      `Proof:     ${provenInWords(proof)}`,
    ].join('\n'),
  );
}

/** What the canister says that it checked: to voters, with the vote, or now while there was none. */
async function validationOf(clients: Clients, { id, status }: Datasets.Dataset, votes: Decision[]): Promise<string> {
  const words = votes[0]?.rendering ?? ('submitted' in status ? await wordsOf(clients, id) : '');
  // Its own words come last; a title above them is a stranger's.
  const [, checked] = /^[^]*\nChecked: (.*)$/.exec(words) ?? [];
  return checked ?? 'it says nothing of what it checked';
}

const wordsOf = async (clients: Clients, dataset: string): Promise<string> =>
  (await clients.datasets.validate_accept_dataset({ dataset })) as string;

async function proposeDataset(named: string, { summary, ...reach }: Reach & { summary: string }): Promise<void> {
  const { clients } = await connectedAs(reach);
  const dataset = await datasetOf(clients, named);
  if (stateOf(dataset) !== 'submitted')
    throw new CliError('badArguments', { dataset: dataset.id }, `${dataset.title} is ${stateOf(dataset)} already.`);
  const { proposal, deadlineSeconds } = await propose(clients, {
    method: 'accept_dataset',
    payload: { dataset: dataset.id },
    clientRef: voteReference('accept_dataset', 'own', dataset.id.slice(7, 31)),
    title: `Accept dataset ${dataset.title}`.slice(0, 200),
    summary,
    neuron: neuronId(clients.principal),
  });
  const until = momentOfSeconds(deadlineSeconds);
  const proof = await proofOfDecision(clients, await decision(clients, proposal));
  print(reach.json, { ok: true, proposal, dataset: dataset.id, until, proof }, () => {
    return (
      `Proposal ${proposal} is open until ${until} at most: livepod proposal ${proposal}\n` +
      `Proof: ${provenInWords(proof)}`
    );
  });
}
