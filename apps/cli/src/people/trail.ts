import { provenTrail, type Proof, type ProvenTrail } from '@livepod/evidence';
import { oneLine, tokens } from '@livepod/protocol';
import type { Command } from 'commander';
import { moment } from '../amounts.js';
import { CliError } from '../errors.js';
import { connected, jsonOption, networkOption, type Reach } from '../options.js';
import { print } from '../output.js';
import { datasetOf } from './datasets.js';
import { proven } from './proofs.js';

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
      '\nExample: livepod trail sha256:4f2a91\n--json holds, besides, the certified logs that prove each line. ' +
        'Status 1 when a line is not proven.',
    )
    .action(async (named: string, reach: Reach) => {
      const clients = await connected(reach);
      const { id } = await datasetOf(clients, named);
      const trail = await provenTrail(clients, id);
      if (!trail) throw new CliError('badArguments', { dataset: id }, `${id} is not registered here.`);
      const ok = trail.withheld.length === 0 && proofsOf(trail).every((proof) => !('unproven' in proof));
      print(reach.json, { ok, ...trail }, () => trailInWords(trail));
      if (!ok) process.exitCode = 1;
    });
}

const proofsOf = ({ dataset, jobs, grants, checkpoints, payments }: ProvenTrail): Proof[] =>
  [
    dataset,
    ...jobs,
    ...grants.flatMap((grant) => [grant, ...grant.releases]),
    ...checkpoints,
    ...payments.flatMap((escrow) => [escrow, ...escrow.payments]),
  ].map(({ proof }) => proof);

const stateOf = (state: object): string => {
  const [[name, value]] = Object.entries(state) as [[string, unknown]];
  return typeof value === 'string' && value !== '' ? `${name} (${value})` : name;
};

export function trailInWords(trail: ProvenTrail): string {
  const { dataset, jobs, grants, checkpoints, payments, withheld } = trail;
  const { title, id } = dataset.dataset;
  const paid = payments.flatMap((escrow) => escrow.payments.map((payment) => ({ ...payment, job: escrow.job })));
  const sections: [string, string[]][] = [
    [
      'Jobs that asked for it',
      jobs.map(({ id: job, created_at, provider, state, proof }) => {
        return `job ${job}, ${moment(created_at)}, provider ${provider.toText()}: ${stateOf(state)}${proven(proof)}`;
      }),
    ],
    [
      'Grants, and each time that its key went out',
      grants.flatMap(({ grant, releases, proof }) => [
        `grant ${grant.id} for job ${grant.job}, by ${grant.why}, ` +
          (grant.revoked ? 'revoked' : `until ${moment(grant.expires_at)}`) +
          proven(proof),
        ...releases.map((release) => `  key released ${moment(release.at)}${proven(release.proof)}`),
      ]),
    ],
    [
      'Models trained on it',
      checkpoints.map(({ id: checkpoint, model, version, state, submitted_at, proof }) => {
        const which = oneLine(version[0] === undefined ? model : `${model} version ${version[0]}`);
        return `${which}, ${moment(submitted_at)}: ${stateOf(state)}, ${checkpoint}${proven(proof)}`;
      }),
    ],
    [
      'Payments',
      paid.map(({ to, amount, why, job, block, proof }) => {
        const made = block[0] === undefined ? 'not yet made' : `block ${block[0]} of the ledger`;
        return `${tokens(amount)} to ${to.toText()} for ${why}, job ${job}: ${made}${proven(proof)}`;
      }),
    ],
    ...(withheld.length > 0
      ? [['IN THE CERTIFIED LOGS, AND NOT IN THE CANISTERS’ LISTS', withheld] satisfies [string, string[]]]
      : []),
  ];
  return [
    `${oneLine(title)} (${id}), ${stateOf(dataset.dataset.status)}${proven(dataset.proof)}`,
    ...sections.flatMap(([heading, lines]) => ['', heading, ...(lines.length > 0 ? lines : ['none'])]),
    '',
    ...(grants.length === 0 ? ['Nobody was ever given its key.'] : []),
    verdict(trail),
  ].join('\n');
}

function verdict(trail: ProvenTrail): string {
  const unproven = proofsOf(trail).filter((proof) => 'unproven' in proof).length;
  if (unproven + trail.withheld.length > 0)
    return `${unproven} of these are NOT PROVEN, ${trail.withheld.length} were withheld: do not rely on them.`;
  const times = Object.values(trail.logs).flatMap((log) => ('unproven' in log ? [] : [log.certifiedAt]));
  const from = times.reduce((a, b) => (a < b ? a : b));
  return (
    `[canister numbers] are the entries of its audit log that say so, complete since the registration and certified ` +
    `by the network at ${moment(from)}; --json has logs and certificates.`
  );
}
