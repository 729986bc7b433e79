import { trailOf, type Trail } from '@livepod/client';
import { certifiedEntries, type CertifiedEntries } from '@livepod/evidence';
import { tokens } from '@livepod/protocol';
import type { Command } from 'commander';
import { moment } from '../amounts.js';
import { CliError } from '../errors.js';
import { connected, jsonOption, networkOption, type Reach } from '../options.js';
import { print } from '../output.js';
import { datasetOf } from './datasets.js';

/** Where a dataset went: what its owner wants to know without knowing the number of any job. */
export function addTrail(program: Command): void {
  program
    .command('trail')
    .description('who was given a dataset, when its key went out, what was trained on it, what was paid; with proofs')
    .argument('<dataset>', 'its id, or the beginning of it, or its title')
    .addOption(networkOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExample: livepod trail sha256:4f2a91\n--json holds the certificate behind every grant and release of a key.',
    )
    .action(async (named: string, reach: Reach) => {
      const clients = await connected(reach);
      const { id } = await datasetOf(clients, named);
      const trail = await trailOf(clients, id);
      if (!trail) throw new CliError('badArguments', { dataset: id }, `${id} is not registered here.`);
      const numbers = entriesOf(trail);
      const proof = numbers.length > 0 ? await certifiedEntries(clients, 'access', numbers) : undefined;
      print(reach.json, { ...trail, proof }, () => inWords(trail, proof));
    });
}

/** The entries of the access canister's log that tell of grants and of keys that went out. */
const entriesOf = ({ grants }: Trail): bigint[] =>
  grants.flatMap(({ entry, releases }) => [...entry, ...releases.map((release) => release.entry)]);

const stateOf = (state: object): string => {
  const [[name, value]] = Object.entries(state) as [[string, unknown]];
  return typeof value === 'string' && value !== '' ? `${name} (${value})` : name;
};

function inWords({ dataset, jobs, grants, checkpoints, payments }: Trail, proof: CertifiedEntries | undefined): string {
  const { title, id } = dataset.dataset;
  const paid = payments.flatMap((escrow) => escrow.payments.map((payment) => ({ ...payment, job: escrow.job })));
  const sections: [string, string[]][] = [
    [
      'Jobs that asked for it',
      jobs.map(({ id: job, created_at, provider, state }) => {
        return `job ${job}, ${moment(created_at)}, provider ${provider.toText()}: ${stateOf(state)}`;
      }),
    ],
    [
      'Grants, and each time that its key went out',
      grants.flatMap(({ grant, releases }) => [
        `grant ${grant.id} for job ${grant.job}, by ${grant.why}, ` +
          (grant.revoked ? 'revoked' : `until ${moment(grant.expires_at)}`),
        ...releases.map(
          ({ at, entry }) => `  key released ${moment(at)} (entry ${entry} of the access canister’s log)`,
        ),
      ]),
    ],
    [
      'Models trained on it',
      checkpoints.map(({ id: checkpoint, model, version, state, submitted_at }) => {
        const which = version[0] === undefined ? model : `${model} version ${version[0]}`;
        return `${which}, ${moment(submitted_at)}: ${stateOf(state)}, ${checkpoint}`;
      }),
    ],
    [
      'Payments',
      paid.map(({ to, amount, why, job, block }) => {
        const made = block[0] === undefined ? 'not yet made' : `block ${block[0]} of the ledger`;
        return `${tokens(amount)} to ${to.toText()} for ${why}, job ${job}: ${made}`;
      }),
    ],
  ];
  return [
    `${title} (${id}), ${stateOf(dataset.dataset.status)}`,
    ...sections.flatMap(([heading, lines]) => ['', heading, ...(lines.length > 0 ? lines : ['none'])]),
    '',
    proof
      ? `${proof.entries.length} entries proven by a certificate of ${moment(proof.certifiedAt)}; --json has it.`
      : 'Nobody was ever given its key.',
  ].join('\n');
}
