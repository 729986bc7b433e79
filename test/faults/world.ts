import { existsSync, readdirSync } from 'node:fs';
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { hex } from '@livepod/protocol';
import type { Access, Ledger } from '@livepod/client';
import type { Chain } from './chain.js';
import type { Lab } from './lab.js';
import { Names } from './names.js';
import { principal, runIn } from './people.js';
import type { Subjects } from './subjects.js';

/** What a run came to: a list of lines under each heading. Two runs are the same when all of it is. */
export type World = Record<string, string[]>;

/** How the workflow that was started ended, in its own words. */
export interface Ending {
  status: string;
  says: unknown;
}

/** What is outside of the canisters, read once for all runs. */
export interface Outside {
  objects: Map<string, number>;
  workflows: { id: string; type: string; status: string }[];
  folders: string[];
}

export async function outside(lab: Lab): Promise<Outside> {
  const { endpoint, region, bucket } = lab.network.s3!;
  const s3 = new S3Client({ endpoint, region, credentials: lab.stack.s3Credentials, forcePathStyle: true });
  const objects = new Map<string, number>();
  for (let token: string | undefined; ;) {
    const page = await s3.send(new ListObjectsV2Command({ Bucket: bucket, ContinuationToken: token }));
    for (const { Key, Size } of page.Contents ?? []) objects.set(Key!, Size ?? 0);
    token = page.NextContinuationToken;
    if (!token) break;
  }
  s3.destroy();
  const workflows: Outside['workflows'] = [];
  for (const client of [lab.temporal, lab.provider]) {
    for await (const { workflowId, type, status } of client.workflow.list())
      workflows.push({ id: workflowId, type, status: status.name });
  }
  const folders = lab.workspaces().flatMap((folder) => (existsSync(folder) ? readdirSync(folder) : []));
  return { objects, workflows, folders };
}

/** The part of the world that one run was about. */
export function worldOf(subjects: Subjects, ending: Ending, chain: Chain, outside: Outside): World {
  return new Picture(subjects, partOf(subjects.run, chain)).of(ending, chain, outside);
}

/** What is on the chain of one run. */
type Part = Pick<Chain, 'jobs' | 'checkpoints' | 'escrows' | 'releases' | 'proposals' | 'channels'> & {
  grants: Access.Grant[];
};

function partOf(run: string, chain: Chain): Part {
  const jobs = chain.jobs.filter((job) => runIn(job.client_ref) === run);
  const jobIds = new Set(jobs.map(({ id }) => id));
  return {
    jobs,
    checkpoints: chain.checkpoints.filter(({ job }) => jobIds.has(job)),
    escrows: chain.escrows.filter(({ job }) => jobIds.has(job)),
    grants: jobs.flatMap(({ id }) => chain.grants.get(id) ?? []),
    releases: chain.releases.filter(({ channel }) => channel === run),
    proposals: chain.proposals.filter(({ clientRef }) => runIn(clientRef) === run),
    channels: chain.channels.filter(({ name }) => name === run),
  };
}

/** Draws a run's world, with names in the place of ids, which differ from run to run. */
class Picture {
  private readonly world: World = {};
  private readonly names: Names;

  constructor(
    private readonly subjects: Subjects,
    private readonly part: Part,
  ) {
    this.names = new Names(subjects.run);
    this.namePeople();
    this.nameThings();
  }

  of(ending: Ending, chain: Chain, outside: Outside): World {
    this.put('the workflow', { status: ending.status, says: ending.says });
    this.world['all its workflows'] = this.workflowsIn(outside);
    this.putThings();
    this.putEvents(chain);
    this.putTransfers(chain);
    this.world['objects in S3'] = this.objectsIn(outside);
    this.world["left on the provider's hosts"] = this.foldersIn(outside);
    return this.world;
  }

  private put(heading: string, value: unknown): void {
    const line = typeof value === 'string' ? value : JSON.stringify(this.names.value(value));
    (this.world[heading] ??= []).push(line);
  }

  private namePeople(): void {
    const { names } = this;
    const { lab, pods } = this.subjects;
    for (const [id, name] of this.subjects.names) names.text(id, name);
    for (const role of ['orchestrator', 'provider', 'evaluator', 'voter', 'operator', 'bank', 'installer'])
      names.text(principal(role), role);
    for (const [name, id] of Object.entries(lab.network.canisters)) names.text(id, name);
    pods.forEach((pod, index) => names.text(principal(pod), `pod ${index + 1}`));
  }

  private nameThings(): void {
    const { names } = this;
    const { jobs, checkpoints, escrows, grants, releases, proposals } = this.part;
    for (const job of jobs) names.number('job', job.id, `job ${names.words(job.client_ref)}`);
    for (const { id, job, version } of checkpoints) {
      names.text(id, `checkpoint of ${names.nameOf('job', job)}`);
      if (version[0] !== undefined) names.number('version', version[0], `version of ${names.nameOf('job', job)}`);
    }
    for (const { id, job } of escrows) names.number('escrow', id, `escrow of ${names.nameOf('job', job)}`);
    for (const { id, job, dataset } of grants)
      names.number('grant', id, `grant of ${names.nameOf('job', job)} for ${names.nameOf('', dataset)}`);
    for (const { id, checkpoint } of releases)
      names.number('release', id, `release of ${names.nameOf('', checkpoint)}`);
    for (const { proposal, clientRef } of proposals)
      names.number('proposal', proposal, `proposal ${names.words(clientRef)}`);
  }

  private workflowsIn({ workflows }: Outside): string[] {
    const sessions = new Set(this.part.jobs.map((job) => `training-job-${job.id}`));
    const mine = workflows.filter(({ id }) => runIn(id) === this.subjects.run || sessions.has(id));
    return mine.map(({ id, type, status }) => `${type} ${this.names.words(id)} ${status}`).sort();
  }

  private putThings(): void {
    const { jobs, checkpoints, escrows, grants, releases, proposals, channels } = this.part;
    for (const { proposal, method, outcome, clientRef } of proposals)
      this.put('proposals', { proposal, method, outcome, clientRef });
    for (const { id, client_ref, state, fees, reward, payer } of jobs)
      this.put('jobs', { job: id, client_ref, state, fees, reward, payer: payer.map((who) => who.toText()) });
    for (const { id, uses_left, revoked, why } of grants) this.put('grants', { grant: id, uses_left, revoked, why });
    for (const { id, amount, state, payments } of escrows)
      this.put('escrows', {
        escrow: id,
        amount,
        state,
        payments: payments.map((payment) => ({ ...payment, to: payment.to.toText(), paid: payment.block.length > 0 })),
      });
    for (const { id, state, version, parent, figures, bytes } of checkpoints)
      this.put('checkpoints', { checkpoint: id, state, version, parent, figures, bytes });
    for (const { name, sequence, stable, candidate, reason } of channels)
      this.put('channel', { name, sequence, stable, candidate, reason });
    for (const { id, wave, exposed, state, windows, corrections, errors, installed, returned, told } of releases)
      this.put('releases', {
        release: id,
        wave,
        exposed,
        state,
        windows,
        corrections,
        errors,
        installed,
        returned,
        told,
      });
  }

  private putEvents(chain: Chain): void {
    for (const { canister, caller, event } of chain.events) {
      const subject = this.subjectOf(event, caller);
      if (subject !== undefined) this.put(`${canister}, what happened to ${subject}`, { by: caller, ...event });
    }
  }

  private subjectOf(event: Record<string, unknown>, caller: string): string | undefined {
    for (const kind of ['grant', 'escrow', 'job', 'release', 'proposal', 'checkpoint', 'dataset', 'uid'] as const) {
      if (event[kind] === undefined) continue;
      const name = this.names.nameOf(kind, event[kind]);
      if (name !== undefined) return name;
    }
    if (event['channel'] === this.subjects.run) return 'the channel';
    const ours = event['type'] === 'bond_posted' && this.subjects.accounts.includes(caller);
    return ours ? this.names.nameOf('', caller) : undefined;
  }

  /** Transfers that touch an account of ours, under the first such account. */
  private putTransfers(chain: Chain): void {
    const { names } = this;
    const ours = new Set([
      ...this.part.escrows.map(({ id }) => names.nameOf('escrow', id)!),
      ...this.part.jobs.map(({ id }) => names.nameOf('job', id)!),
      ...this.subjects.accounts.map((id) => names.nameOf('', id)!),
    ]);
    for (const { operation } of chain.blocks) {
      const [kind, moved] = Object.entries(operation)[0] as [string, Record<string, unknown>];
      const sides = ['from', 'to', 'spender'].flatMap((side) => {
        const given = side === 'spender' && Array.isArray(moved[side]) ? (moved[side] as unknown[])[0] : moved[side];
        return given === undefined ? [] : [{ side, name: this.account(given as Ledger.Account) }];
      });
      const whose = sides.find(({ name }) => ours.has(name));
      if (!whose) continue;
      const between = sides.map(({ side, name }) => `${side} ${name}`).join(', ');
      this.put(`ledger, ${whose.name}`, `${kind} ${between}: ${String(moved['amount'])}`);
    }
  }

  private account({ owner, subaccount: [subaccount] }: Ledger.Account): string {
    const who = this.names.nameOf('', owner.toText()) ?? 'somebody else';
    if (!subaccount) return who;
    const bytes = hex(subaccount);
    const number = BigInt(`0x${bytes.slice(48)}`);
    if (who !== 'treasury') return `${who}'s subaccount`;
    if (bytes.startsWith('02')) return 'all bonds';
    return this.names.nameOf(bytes.startsWith('01') ? 'escrow' : 'job', number) ?? 'something else';
  }

  private objectsIn({ objects }: Outside): string[] {
    const lines: string[] = [];
    for (const [key, bytes] of objects) {
      const [, uid = '', ...path] = key.split('/');
      const name = this.names.nameOf('', uid);
      if (name !== undefined) lines.push(`${name} ${path.join('/')}: ${bytes} bytes`);
    }
    return lines.sort();
  }

  private foldersIn({ folders }: Outside): string[] {
    const jobs = new Set(this.part.jobs.map(({ id }) => String(id)));
    return folders.filter((folder) => jobs.has(folder));
  }
}

/** Proposals, jobs, escrows and releases that belong to no run: effects that nobody asked for. */
export function strays(runs: ReadonlySet<string>, chain: Chain): string[] {
  const known = (reference: string): boolean => runs.has(runIn(reference) ?? '');
  const jobs = new Map(chain.jobs.map((job) => [job.id, job.client_ref]));
  return [
    ...chain.proposals
      .filter(({ clientRef }) => !known(clientRef) && !['recipe', 'provider', 'evaluator'].includes(clientRef))
      .map(({ proposal, clientRef }) => `proposal ${proposal} (${clientRef})`),
    ...chain.jobs
      .filter(({ client_ref }) => !known(client_ref))
      .map(({ id, client_ref }) => `job ${id} (${client_ref})`),
    ...chain.escrows.filter(({ job }) => !known(jobs.get(job) ?? '')).map(({ id }) => `escrow ${id}`),
    ...chain.releases
      .filter(({ channel }) => !runs.has(channel))
      .map(({ id, channel }) => `release ${id} (channel ${channel})`),
  ];
}

/** The first lines in which two worlds differ, for people; none when they are the same. */
export function difference(expected: World, found: World): string[] {
  return [...new Set([...Object.keys(expected), ...Object.keys(found)])].flatMap((heading) => {
    const before = expected[heading] ?? [];
    const after = found[heading] ?? [];
    if (JSON.stringify(before) === JSON.stringify(after)) return [];
    const missing = minus(before, after);
    const more = minus(after, before);
    if (missing.length + more.length === 0) return [`${heading}: in another order: ${after.join(' · ')}`];
    return [
      ...missing.map((line) => `${heading}: is missing: ${line}`),
      ...more.map((line) => `${heading}: is there besides: ${line}`),
    ];
  });
}

function minus(all: string[], some: string[]): string[] {
  const left = [...some];
  return all.filter((line) => {
    const at = left.indexOf(line);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}
