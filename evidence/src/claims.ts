import { figuresOfAccount } from './account/checkpoints.js';
import type { Account } from './account/index.js';
import { timeIn } from './certificates.js';
import type { Basis, LogName } from './format.js';
import { LOGS } from './format.js';

/** What a verified file proves, as a list of sentences. */
export function claimsOf({ round, canisters }: Basis, account: Account, from: bigint): string[] {
  return [
    `${LOGS.length} canisters kept the logs below, certified by the network at ${time(String(from))}: ` +
      `${LOGS.map((name) => `${name} ${canisters[name].id}`).join(', ')}.`,
    ...LOGS.map((name) => log(name, canisters[name])),
    ...account.proposals.map(
      (proposal) =>
        `Proposal ${proposal.proposal} “${proposal.title}” (${proposal.method ?? 'motion'}), made by ` +
        `${short(proposal.made.by)} at ${time(proposal.made.at)}: ${proposal.votes.length} votes, ` +
        `${proposal.yes} yes and ${proposal.no} no of ${proposal.total}; ${proposal.outcome}.`,
    ),
    ...account.datasets.map(
      (dataset) =>
        `Dataset ${short(dataset.dataset)} “${dataset.title}”: manifest of ${dataset.chunks} chunks signed ` +
        `and registered by ${short(dataset.contributor)}; ${dataset.status}${by(dataset.proposal)}.`,
    ),
    ...account.recipes.map(
      (recipe) => `Recipe ${recipe.name} ${recipe.version} ${short(recipe.recipe)}: approved${by(recipe.proposal)}.`,
    ),
    ...account.providers.map(
      (provider) => `Provider ${short(provider.provider)} (${provider.class}): approved${by(provider.proposal)}.`,
    ),
    ...account.jobs.flatMap((job) => [
      `Job ${job.job} of provider ${short(job.provider)} under approval ${short(job.approval)}: recipe, ` +
        `arguments and ${job.datasets.length} datasets as approved.`,
      `Job ${job.job}: ${job.grants.length} grants, and ` +
        `${job.keyReleases.filter(({ released }) => released).length} releases of keys, each to the provider, ` +
        'under a grant in force, and counted without a gap.',
    ]),
    ...account.checkpoints.flatMap((checkpoint) => [
      `Checkpoint ${short(checkpoint.checkpoint)} of job ${checkpoint.job}: signed by its provider over ` +
        `${checkpoint.files.map(({ name, chunks }) => `${name} (${chunks} chunks)`).join(', ')}.`,
      ...(checkpoint.evaluation
        ? [
            `Evaluator ${short(checkpoint.evaluation.evaluator)}, ` +
              `appointed${by(checkpoint.evaluation.appointedBy)} and not the provider, signed ` +
              `${figuresOfAccount(checkpoint.evaluation)}.`,
          ]
        : []),
      ...checkpoint.adoptions.map(
        (adoption) =>
          `It became version ${adoption.version} of channel ${adoption.channel} at ` +
          `${time(adoption.adopted.at)}${by(adoption.proposal)}.`,
      ),
      ...(checkpoint.rejected ? [`It was rejected${by(checkpoint.rejected.proposal)}.`] : []),
    ]),
    ...account.escrows.map(
      (escrow) =>
        `Escrow ${escrow.escrow} of job ${escrow.job}: ${escrow.amount} e8s came in from ` +
        `${short(escrow.payer)} (block ${escrow.block}); ${escrow.payments.length} payments of ` +
        (`${String(escrow.payments.reduce((sum, { amount }) => sum + BigInt(amount), 0n))} e8s, each with its ` +
          `block in the ledger, are what licences and reward say; ${escrow.outcome}.`),
    ),
    ...account.releases.map(
      (release) =>
        `Release ${release.release} of version ${release.version}: waves of ` +
        `${release.waves.map(({ exposed }) => exposed).join(', ')} pods as voted; ${release.counters.windows} ` +
        'windows, ' +
        (`${release.counters.corrections} corrections, ${release.counters.errors} errors; ` +
          `${release.outcome}${release.why ? ` (${release.why})` : ''}.`),
    ),
    ...account.slashes.map(
      (slash) => `The ${slash.purpose} bond of ${short(slash.holder)} lost ${slash.amount} e8s${by(slash.proposal)}.`,
    ),
    ...account.rollbacks.map(
      (rollback) =>
        `Channel ${rollback.channel} was set ` +
        `${rollback.from === null ? '' : `from version ${rollback.from} `}to version ${rollback.version} at ` +
        `${time(rollback.said.at)}${by(rollback.proposal)}.`,
    ),
    `Round ${round}: ${account.outcome}. ${leftOut(canisters)}`,
  ];
}

function leftOut(canisters: Basis['canisters']): string {
  const later = LOGS.filter((name) => canisters[name].start);
  if (later.length === 0)
    return 'Nothing of it is left out: each log is complete from its beginning to its certified end.';
  const since = (name: LogName): string =>
    time(String(timeIn(`canisters.${name}.start.certificate`, canisters[name].start!.certificate)));
  return (
    `Not here is what was recorded before the start of these logs: ` +
    `${later.map((name) => `${name} (${since(name)})`).join(', ')}. An earlier file has it; verify both together, to ` +
    'see that they join. Since then nothing is left out.'
  );
}

function log(name: LogName, { start, log, code }: Basis['canisters'][LogName]): string {
  const from = start ? `from entry ${start.length}, certified too,` : 'from its first entry';
  return (
    `The ${name} log is complete ${from} to its certified end: ${log.length} entries. It is kept by code ` +
    `${code.moduleHash.slice(0, 16)}…, which ${code.controllers.map(short).join(', ') || 'nobody'} can change.`
  );
}

const by = (proposal: number | null): string =>
  proposal === null ? ' (by a vote before this file starts)' : ` by proposal ${proposal}`;
const time = (nanoseconds: string): string =>
  new Date(Number(BigInt(nanoseconds) / 1_000_000n)).toISOString().replace(/\.\d+Z$/, 'Z');
const short = (id: string): string =>
  id.startsWith('sha256:') ? `${id.slice(7, 19)}…` : id.length > 20 ? `${id.slice(0, 11)}…` : id;
