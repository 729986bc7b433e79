import {
  documentId,
  canonicalJson,
  figuresInWords,
  figuresOfClassification,
  figureValues,
  parseCheckpointManifest,
  parseEvaluation,
  type Approval,
  type CheckpointManifest,
  type Evaluation,
} from '@livepod/protocol';
import { refuse } from '../errors.js';
import type { Entry, Json } from '../format.js';
import {
  after,
  agree,
  inTheFile,
  mark,
  markOrNull,
  needed,
  notBefore,
  object,
  textOf,
  type Facts,
  type Mark,
} from './facts.js';
import type { JobAccount } from './jobs.js';
import type { ProposalAccount, Proposals } from './proposals.js';
import { placeOfDocument, readSigned } from './source.js';

interface Testimony {
  report: string;
  evaluator: string;
  recorded: Mark;
  appointed: Mark | null;
  /** The vote that appointed the evaluator. */
  appointedBy: number | null;
}

/** What an evaluator said, as its document of either version says it: people, windows and figures. */
export type EvaluationAccount = Testimony & (Pick<Evaluation, 'figures'> | FiguresBefore);

/** Version 1 of the document had three figures, with names of their own. */
type FiguresBefore = Parameters<typeof figuresOfClassification>[0];

/** The figures as people read them. */
export const figuresOfAccount = (evaluation: EvaluationAccount): string =>
  figuresInWords('figures' in evaluation ? evaluation.figures : figuresOfClassification(evaluation).figures);

export interface AdoptionAccount {
  channel: string;
  version: number;
  /** The models canister's number of the adoption; its release names it. */
  adoption: number;
  proposal: number | null;
  adopted: Mark;
}

export interface CheckpointAccount {
  checkpoint: string;
  job: number;
  provider: string;
  model: string;
  parent: string | null;
  metrics: Record<string, string>;
  files: { name: string; bytes: number; sha256: string; chunks: number }[];
  submitted: Mark;
  evaluation: EvaluationAccount | null;
  adoptions: AdoptionAccount[];
  rejected: { proposal: number; said: Mark } | null;
}

/**
 * Checkpoints of jobs: signed by the provider over what was approved, measured by an appointed evaluator, and what the
 * votes made of them.
 */
export async function checkpointsOf(
  facts: Facts,
  proposals: Proposals,
  jobs: { account: JobAccount; approval: Approval }[],
): Promise<CheckpointAccount[]> {
  const { models } = facts.logs;
  const accounts: CheckpointAccount[] = [];
  for (const { account: job, approval } of jobs) {
    const submitted = models.only('checkpointSubmitted', { job: job.job });
    if (!submitted) {
      if (job.submitted)
        needed(
          facts,
          'models',
          undefined,
          `checkpoint ${job.submitted.checkpoint} of job ${job.job}`,
          notBefore(job.requested),
        );
      continue;
    }
    const path = models.place(submitted);
    const id = textOf(submitted.event['checkpoint'], path);
    if (job.submitted) agree(path, `the checkpoint that access was told of`, job.submitted.checkpoint, id);
    const signed = await facts.source.checkpoint(id);
    const manifest = readSigned(signed, parseCheckpointManifest);
    agree(path, 'who submitted the checkpoint', submitted.caller, job.provider);
    asApproved(placeOfDocument(signed), manifest, job, approval);
    const evaluated = models.only('checkpointEvaluated', { checkpoint: id });
    if (evaluated) after(models.place(evaluated), 'an evaluation before its checkpoint', evaluated, submitted);
    const rejected = models.only('checkpointRejected', { checkpoint: id });
    const adopted = models.all('checkpointAdopted', { checkpoint: id });
    if (adopted.length > 0 && !evaluated)
      needed(facts, 'models', undefined, `an evaluation of checkpoint ${id}`, inTheFile(submitted));
    if (rejected && adopted.length > 0)
      refuse('contradiction', models.place(rejected), `checkpoint ${id} was adopted and rejected`);
    accounts.push({
      checkpoint: id,
      job: job.job,
      provider: job.provider,
      model: manifest.model,
      parent: manifest.parent,
      metrics: manifest.metrics,
      files: manifest.files.map(({ name, bytes, sha256, chunks }) => ({ name, bytes, sha256, chunks: chunks.length })),
      submitted: mark('models', submitted),
      evaluation: evaluated ? await evaluationOf(facts, proposals, evaluated, id, job.provider) : null,
      adoptions: await Promise.all(
        adopted.map(async (entry): Promise<AdoptionAccount> => {
          after(models.place(entry), 'an adoption before the evaluation', entry, evaluated);
          const vote = await proposals.behind(entry, 'adopt_checkpoint');
          return {
            channel: String(entry.event['channel']),
            version: Number(entry.event['version']),
            adoption: Number(entry.event['adoption']),
            proposal: vote?.proposal ?? null,
            adopted: mark('models', entry),
          };
        }),
      ),
      rejected: rejected ? lost(facts, proposals.list(), rejected, id) : null,
    });
  }
  return accounts.sort((a, b) => a.job - b.job);
}

/** The checkpoint was made as its job's approval says. */
function asApproved(place: string, manifest: CheckpointManifest, job: JobAccount, approval: Approval): void {
  const path = `${place}.document`;
  agree(`${path}.provider`, 'the provider', manifest.provider, job.provider);
  agree(`${path}.job`, 'the job', manifest.job, job.job);
  agree(`${path}.approvalDigest`, 'the approval', manifest.approvalDigest, job.approval);
  agree(`${path}.recipe`, 'the recipe', manifest.recipe, approval.recipe);
  agree(`${path}.parent`, 'the parent', manifest.parent, approval.base);
  agree(`${path}.seed`, 'the seed', manifest.seed, approval.seed);
  agree(`${path}.arguments`, 'the arguments', sorted(manifest.arguments), sorted(approval.arguments));
  agree(
    `${path}.datasets`,
    'the list of datasets',
    [...manifest.datasets].sort(),
    approval.datasets.map(({ id }) => id).sort(),
  );
  for (const [index, file] of manifest.files.entries()) {
    if (file.chunks.length === 1)
      agree(`${path}.files[${index}].sha256`, 'the hash of a file of one chunk', file.sha256, file.chunks[0]!.sha256);
  }
}

const sorted = <T>(map: Record<string, T>): Record<string, T> =>
  Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));

async function evaluationOf(
  facts: Facts,
  proposals: Proposals,
  evaluated: Entry,
  checkpoint: string,
  provider: string,
): Promise<EvaluationAccount> {
  const { models } = facts.logs;
  const path = models.place(evaluated);
  const report = textOf(evaluated.event['report'], path);
  const signed = await facts.source.evaluation(report, checkpoint);
  if (documentId(canonicalJson(signed.document)) !== report)
    refuse('wrongDocument', placeOfDocument(signed), `it is not the report ${report}`);
  const evaluation = readSigned(signed, parseEvaluation);
  agree(path, 'the checkpoint that was measured', evaluation.checkpoint, checkpoint);
  agree(path, 'who recorded the report', evaluated.caller, evaluation.evaluator);
  if (evaluation.evaluator === provider) refuse('contradiction', path, 'the evaluator is the provider itself');
  agree(path, 'its figures', sorted(figuresIn(evaluated)), sorted(figureValues(evaluation.figures)));
  const appointed = needed(
    facts,
    'models',
    models.all('evaluatorAppointed', { evaluator: evaluation.evaluator })[0],
    `that evaluator ${evaluation.evaluator} was appointed`,
  );
  after(path, 'a report of an evaluator before it was appointed', evaluated, appointed);
  const vote = appointed ? await proposals.behind(appointed, 'appoint_evaluator') : null;
  const { type: _type, checkpoint: _checkpoint, publicKey: _key, at: _at, ...said } = signed.document;
  return {
    ...(said as unknown as Pick<Evaluation, 'figures'> | FiguresBefore),
    report,
    evaluator: evaluation.evaluator,
    recorded: mark('models', evaluated),
    appointed: markOrNull('models', appointed),
    appointedBy: vote?.proposal ?? null,
  };
}

/** The figures that a log's entry names: by three names of their own, where it is of the time before tasks. */
function figuresIn({ event }: Entry): Record<string, Json> {
  const { figures, accuracy, macroF1, worstPerson } = event;
  return typeof figures === 'object'
    ? object(figures)
    : { accuracy: accuracy!, macroF1: macroF1!, worstPerson: worstPerson! };
}

function lost(
  { logs: { models } }: Facts,
  proposals: ProposalAccount[],
  rejected: Entry,
  checkpoint: string,
): { proposal: number; said: Mark } {
  const number = Number(rejected.event['proposal']);
  const proposal = proposals.find((one) => one.proposal === number);
  if (proposal?.outcome !== 'rejected' || proposal.argument?.['checkpoint'] !== checkpoint)
    refuse('contradiction', models.place(rejected), `proposal ${number} was no lost vote on checkpoint ${checkpoint}`);
  return { proposal: number, said: mark('models', rejected) };
}
