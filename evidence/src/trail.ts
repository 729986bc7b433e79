import { trailOf, type Clients, type Datasets, type Decision, type Trail } from '@livepod/client';
import { hex, sha256, utf8, type CanonicalValue } from '@livepod/protocol';
import { provenSince, type ProvenLog } from './entries.js';
import { tipOf } from './export.js';
import { linesOf, type Statement } from './statement.js';
import { entriesThat, proofOf, type Proof, type Told } from './facts.js';

/** The canisters whose logs tell what became of a dataset. */
export const TRAIL_LOGS = ['datasets', 'access', 'models', 'treasury'] as const;
export type TrailLogs = Record<(typeof TRAIL_LOGS)[number], ProvenLog>;

type With<T> = T & { proof: Proof };
type Of<K extends keyof Trail> = Trail[K] extends (infer T)[] ? T : never;

/** A trail, each fact with the entries of certified logs that say the same, or told not to be proven. */
export interface ProvenTrail {
  dataset: With<Trail['dataset']>;
  jobs: With<Of<'jobs'>>[];
  grants: With<Omit<Of<'grants'>, 'releases'> & { releases: With<Of<'grants'>['releases'][number]>[] }>[];
  checkpoints: With<Of<'checkpoints'>>[];
  payments: With<Omit<Of<'payments'>, 'payments'> & { payments: With<Of<'payments'>['payments'][number]>[] }>[];
  /** What the certified logs tell of it, and the canisters' lists do not show. */
  withheld: string[];
  logs: TrailLogs;
}

/**
 * The trail of a dataset, proven; nothing when it is not registered. Reads only, as anybody may.
 *
 * @throws CanisterError when a canister does not answer
 */
export async function provenTrail(clients: Clients, dataset: string): Promise<ProvenTrail | undefined> {
  // What is logged while the lists are read may be missing from them.
  const lengths = await Promise.all(
    TRAIL_LOGS.map(async (name) => [name, (await tipOf(clients, name)).length] as const),
  );
  const trail = await trailOf(clients, dataset);
  if (!trail) return undefined;
  const since = trail.dataset.dataset.registered_at;
  const logs = await Promise.all(
    TRAIL_LOGS.map(async (name) => [name, await provenSince(clients, name, since)] as const),
  );
  return proveTrail(trail, Object.fromEntries(logs) as TrailLogs, Object.fromEntries(lengths));
}

/** Everything that the treasury's log says of an account since a moment, oldest first, with the log that proves it. */
export async function statementOf(clients: Clients, account: string, since = 0n): Promise<Statement> {
  const log = await provenSince(clients, 'treasury', since);
  return { lines: 'unproven' in log ? [] : linesOf(log.log, account, since), log };
}

/** Compares a trail as the canisters list it with their certified logs. @param listed  entries that lists must show */
export function proveTrail(trail: Trail, logs: TrailLogs, listed: Partial<Record<string, number>> = {}): ProvenTrail {
  const { id } = trail.dataset.dataset;
  return {
    dataset: { ...trail.dataset, proof: proofOfDataset(trail.dataset.dataset, logs.datasets) },
    jobs: trail.jobs.map((job) => ({ ...job, proof: proofOf('access', logs.access, ...saysOfJob(job, id)) })),
    grants: trail.grants.map((line) => ({
      ...line,
      proof: proofOf('access', logs.access, ...saysOfGrant(line)),
      releases: line.releases.map((release) => ({
        ...release,
        proof: proofOf('access', logs.access, saysOfRelease(line.grant.id, release)),
      })),
    })),
    checkpoints: trail.checkpoints.map((checkpoint) => ({
      ...checkpoint,
      proof: proofOfCheckpoint(checkpoint, id, logs),
    })),
    payments: trail.payments.map((escrow) => ({
      ...escrow,
      proof: proofOf('treasury', logs.treasury, funded(escrow)),
      payments: escrow.payments.map((payment) => ({
        ...payment,
        proof: proofOf('treasury', logs.treasury, funded(escrow), ...saysOfPayment(escrow.escrow, payment)),
      })),
    })),
    withheld: withheldFrom(trail, logs, listed),
    logs,
  };
}

/** That a dataset was registered by its contributor, and what became of it. */
export function proofOfDataset({ id, uid, contributor, status }: Datasets.Dataset, log: ProvenLog): Proof {
  const [state] = Object.keys(status) as [string];
  const registered = { dataset: id, uid: hex(Uint8Array.from(uid)) };
  return proofOf(
    'datasets',
    log,
    { type: 'registered', fields: registered, caller: contributor.toText() },
    ...(state === 'submitted' ? [] : [{ type: state, fields: { dataset: id } }]),
  );
}

/** That a proposal was made with these words, and how it ended. Of an open one the votes so far are not proven. */
export function proofOfProposal(found: Decision, log: ProvenLog): Proof {
  const { proposal, title, rendering, proposer, yes, no, total } = found;
  const made = { proposal, title, proposer, rendering: hex(sha256(utf8(rendering))) };
  const tally = { yes: number(yes), no: number(no), total: number(total) };
  const ends: [boolean, Told][] = [
    [found.outcome === 'withdrawn', { type: 'proposal_withdrawn', fields: { proposal } }],
    [
      found.decidedSeconds > 0 && found.outcome !== 'withdrawn',
      { type: 'proposal_decided', fields: { proposal, ...tally } },
    ],
    [found.executedSeconds > 0, { type: 'proposal_executed', fields: { proposal } }],
    [found.failedSeconds > 0 && found.outcome !== 'withdrawn', { type: 'proposal_failed', fields: { proposal } }],
  ];
  const happened = ends.flatMap(([did, told]) => (did ? [told] : []));
  return proofOf('governance', log, { type: 'proposal_made', fields: made }, ...happened);
}

const number = (value: bigint): CanonicalValue => (value < 1n << 53n ? Number(value) : String(value));

function asked(job: { id: bigint }, dataset: string): Told {
  return { type: 'accessRequested', fields: { job: number(job.id) }, holds: ['datasets', dataset] };
}

function saysOfJob(line: Of<'jobs'>, dataset: string): Told[] {
  const job = number(line.id);
  const request = asked(line, dataset);
  const fields = { ...request.fields, approval: line.approval_digest, reference: line.client_ref };
  const { state } = line;
  const became = (): Told[] => {
    if ('submitted' in state) return [{ type: 'checkpointSubmitted', fields: { job, checkpoint: state.submitted } }];
    if ('completed' in state) return [{ type: 'jobClosed', fields: { job, outcome: 'completed' } }];
    if ('refunded' in state) return [{ type: 'jobClosed', fields: { job, outcome: 'refunded' } }];
    if ('failed' in state) return [{ type: 'jobFailed', fields: { job, reason: state.failed } }];
    return 'granted' in state ? [{ type: 'granted', fields: { job } }] : [];
  };
  return [{ ...request, fields, caller: line.provider.toText() }, ...became()];
}

function saysOfGrant({ grant, entry }: Of<'grants'>): Told[] {
  const { id, job, dataset, why } = grant;
  const given: Told = {
    type: 'granted',
    fields: { grant: number(id), job: number(job), dataset, why },
    caller: grant.provider.toText(),
    ...(entry[0] === undefined ? {} : { index: Number(entry[0]) }),
  };
  return [given, ...(grant.revoked ? [{ type: 'revoked', fields: { grant: number(id) } }] : [])];
}

const saysOfRelease = (grant: bigint, { at, entry }: { at: bigint; entry: bigint }): Told => ({
  ...{ type: 'keyReleased', fields: { grant: number(grant) } },
  ...{ index: Number(entry), at },
});

/** The access canister's log says that its job read the dataset; the models canister's says the rest. */
function proofOfCheckpoint(line: Of<'checkpoints'>, dataset: string, logs: TrailLogs): Proof {
  const read = proofOf('access', logs.access, asked({ id: line.job }, dataset));
  if ('unproven' in read) return { unproven: `that its job ${line.job} read the dataset: ${read.unproven}` };
  const checkpoint = line.id;
  const [version] = line.version;
  const became: Record<string, Told[]> = {
    evaluated: [{ type: 'checkpointEvaluated', fields: { checkpoint } }],
    rejected: [{ type: 'checkpointRejected', fields: { checkpoint } }],
    official: [{ type: 'checkpointAdopted', fields: { checkpoint, ...(version === undefined ? {} : { version }) } }],
  };
  const submitted = { checkpoint, job: number(line.job), model: line.model };
  return proofOf(
    'models',
    logs.models,
    { type: 'checkpointSubmitted', fields: submitted, caller: line.provider.toText() },
    ...(became[Object.keys(line.state)[0]!] ?? []),
  );
}

const funded = ({ escrow, job, amount, payer }: Of<'payments'>): Told => ({
  type: 'escrow_funded',
  fields: { escrow: number(escrow), job: number(job), amount: String(amount) },
  caller: payer.toText(),
});

function saysOfPayment(escrow: bigint, { to, amount, why, block }: Of<'payments'>['payments'][number]): Told[] {
  if (block[0] === undefined) return [];
  const fields = { to: to.toText(), amount: String(amount), why, block: String(block[0]) };
  return [{ type: 'escrow_paid', fields: { escrow: number(escrow), ...fields } }];
}

function withheldFrom(trail: Trail, logs: TrailLogs, listed: Partial<Record<string, number>>): string[] {
  const dataset = trail.dataset.dataset.id;
  const jobs = new Set(trail.jobs.map(({ id }) => number(id)));
  const grants = new Map(trail.grants.map(({ grant, releases }) => [number(grant.id), releases]));
  const checkpoints = new Set(trail.checkpoints.map(({ id }) => id));
  const paid = new Set(trail.payments.flatMap(({ payments }) => payments.map(({ block }) => String(block[0]))));
  const told: string[] = [];
  const look = (
    name: keyof TrailLogs,
    says: Told,
    field: string,
    isShown: (value: CanonicalValue) => boolean,
  ): void => {
    for (const { index, event } of entriesThat(logs[name], says))
      if (index < (listed[name] ?? Infinity) && !isShown(event[field] ?? null))
        told.push(`entry ${index} of the ${name} canister’s log: ${says.type}, ${field} ${String(event[field])}`);
  };
  const requests = { type: 'accessRequested', fields: {}, holds: ['datasets', dataset] } satisfies Told;
  look('access', requests, 'job', (job) => jobs.has(job as number));
  look('access', { type: 'granted', fields: { dataset } }, 'grant', (grant) => grants.has(grant as number));
  for (const { event } of entriesThat(logs.access, { type: 'granted', fields: { dataset } })) {
    const grant = event['grant']!;
    const shown = new Set(grants.get(grant as number)?.map(({ entry }) => Number(entry)));
    for (const { index } of entriesThat(logs.access, { type: 'keyReleased', fields: { grant } }))
      look('access', { type: 'keyReleased', fields: { grant }, index }, 'grant', () => shown.has(index));
  }
  for (const { event } of entriesThat(logs.access, requests))
    look('models', { type: 'checkpointSubmitted', fields: { job: event['job']! } }, 'checkpoint', (id) =>
      checkpoints.has(id as string),
    );
  look('treasury', { type: 'escrow_paid', fields: { why: `licence of ${dataset}` } }, 'block', (block) =>
    paid.has(String(block)),
  );
  return told;
}
