import type { Approval } from '@livepod/protocol';
import { refuse } from '../errors.js';
import type { Entry } from '../format.js';
import type { DatasetAccount } from './datasets.js';
import { after, agree, mark, markOrNull, needed, notBefore, textOf, whole, type Facts, type Mark } from './facts.js';
import type { Proposals } from './proposals.js';

export interface KeyRelease {
  grant: number;
  dataset: string;
  epoch: number;
  /** SHA-256 of the transport key that the dataset's key was encrypted to. */
  transportKey: string;
  requested: Mark;
  /** How often a key may still be released under the grant. */
  usesLeft: number;
  released: Mark | null;
  notReleased: { why: string; said: Mark } | null;
}

export interface GrantAccount {
  grant: number;
  dataset: string;
  epoch: number;
  /** The payment or the vote that it rests on. */
  why: string;
  proposal: number | null;
  granted: Mark;
  /** Nanoseconds since 1970. */
  expires: string;
  uses: number;
  revoked: Mark | null;
}

/** What a job had a right to: its grants, until when they held, and every use of them. */
export class Rights {
  private readonly job: number;
  private readonly approval: Approval;
  private readonly requested: Entry;

  constructor(
    private readonly facts: Facts,
    private readonly proposals: Proposals,
    of: { job: number; approval: Approval; requested: Entry },
  ) {
    this.job = of.job;
    this.approval = of.approval;
    this.requested = of.requested;
  }

  /** Each extension goes on from the deadline before it. */
  extensions(): Entry[] {
    const { job, approval } = this;
    const { access } = this.facts.logs;
    const extensions = access.all('deadlineExtended', { job });
    let deadline = approval.deadline;
    for (const entry of extensions) {
      agree(access.place(entry), `the deadline of job ${job} before`, entry.event['from'], deadline);
      deadline = textOf(entry.event['to'], access.place(entry));
    }
    return extensions;
  }

  /** The deadline that was in force when an entry was written. */
  private deadlineAt(entry: Entry): string {
    const before = this.extensions()
      .filter(({ index }) => index < entry.index)
      .at(-1);
    return before ? String(before.event['to']) : this.approval.deadline;
  }

  async grants(datasets: DatasetAccount[], paid: Entry | undefined): Promise<GrantAccount[]> {
    const { job, approval } = this;
    const { access } = this.facts.logs;
    const granted = access.all('granted', { job });
    const seen = new Set(granted.map(({ event }) => event['dataset']));
    if (seen.size !== granted.length)
      refuse('contradiction', access.place(granted.at(-1)!), `a dataset was granted twice to job ${job}`);
    return Promise.all(
      granted.map(async (entry): Promise<GrantAccount> => {
        const path = access.place(entry);
        const { grant, dataset, epoch, why, expires, uses } = entry.event;
        const licence = datasets.find((one) => one.dataset === dataset)?.licence;
        if (!licence) return refuse('contradiction', path, `dataset ${String(dataset)} is not one of job ${job}`);
        agree(path, 'the provider of the grant', entry.caller, approval.provider);
        agree(path, 'the key epoch of the grant', epoch, approval.datasets.find(({ id }) => id === dataset)!.epoch);
        agree(path, 'the end of the grant', textOf(expires, path), this.deadlineAt(entry));
        if (!paid) return refuse('missing', path, `job ${job} was granted a dataset before it was paid`);
        after(path, 'a grant before the payment', entry, paid);
        agree(
          path,
          'what the grant rests on',
          why,
          licence.access === 'fee' ? `payment of escrow ${Number(paid.event['escrow'])}` : 'vote',
        );
        const vote = licence.access === 'vote' ? await this.proposals.behind(entry, 'grant_access') : null;
        const opened = this.facts.logs.datasets.all('readsOpened', { dataset: dataset!, reader: approval.provider });
        needed(
          this.facts,
          'datasets',
          opened.find(({ at }) => BigInt(at) >= notBefore(this.requested)),
          `that the chunks of ${String(dataset)} were opened to ${approval.provider}`,
          notBefore(this.requested),
        );
        return {
          grant: Number(grant),
          dataset: String(dataset),
          epoch: Number(epoch),
          why: String(why),
          proposal: vote?.proposal ?? null,
          granted: mark('access', entry),
          expires: String(expires),
          uses: Number(whole(uses, path)),
          revoked: markOrNull('access', access.only('revoked', { grant: grant! })),
        };
      }),
    );
  }

  /** Every use of a grant: each counted before the key is derived, so that the counts leave no gap. */
  keyReleases(grant: GrantAccount): KeyRelease[] {
    const { access } = this.facts.logs;
    const requests = access.all('keyRequested', { grant: grant.grant });
    const answers = access.all('keyReleased', { grant: grant.grant });
    const refusals = access.all('keyNotReleased', { grant: grant.grant });
    if (answers.length + refusals.length > requests.length)
      refuse(
        'missing',
        access.place((answers.at(-1) ?? refusals.at(-1))!),
        'a key was released that nobody asked for: its request is missing',
      );
    return requests.map((request, index) => {
      const path = access.place(request);
      const next = requests[index + 1];
      const between = (entry: Entry): boolean => entry.index > request.index && (!next || entry.index < next.index);
      const released = answers.find(between);
      const notReleased = refusals.find(between);
      agree(path, 'who asked for the key', request.caller, this.approval.provider);
      agree(path, 'the dataset of the key', request.event['dataset'], grant.dataset);
      agree(path, 'the epoch of the key', request.event['epoch'], grant.epoch);
      agree(path, 'how many uses are left', request.event['usesLeft'], grant.uses - 1 - index);
      if (index >= grant.uses) refuse('contradiction', path, `grant ${grant.grant} was used more often than it allows`);
      if (BigInt(request.at) >= BigInt(this.deadlineAt(request)))
        refuse('contradiction', path, `grant ${grant.grant} had expired`);
      if (request.index < grant.granted.entry || (grant.revoked && request.index > grant.revoked.entry))
        refuse('contradiction', path, `grant ${grant.grant} was not in force`);
      return {
        grant: grant.grant,
        dataset: grant.dataset,
        epoch: grant.epoch,
        transportKey: textOf(request.event['transportKey'], path),
        requested: mark('access', request),
        usesLeft: Number(request.event['usesLeft']),
        released: markOrNull('access', released),
        notReleased: notReleased
          ? { why: textOf(notReleased.event['reason'], path), said: mark('access', notReleased) }
          : null,
      };
    });
  }
}
