import {
  listProposals,
  type Access,
  type Clients,
  type Decision,
  type Fleet,
  type Ledger,
  type Models,
  type Treasury,
} from '@livepod/client';
import { PAGE_LIMIT } from '@livepod/protocol';
import { insist } from './people.js';

/** An entry of a canister's audit log. */
export interface Event {
  canister: string;
  caller: string;
  event: Record<string, unknown>;
}

const LOGGING = ['governance', 'datasets', 'access', 'models', 'fleet', 'treasury'] as const;

/** Everything the canisters show, read once; logs and blocks are read on from where the last reading ended. */
export class Chain {
  events: Event[] = [];
  blocks: Ledger.Block[] = [];
  proposals: Decision[] = [];
  jobs: Access.Job[] = [];
  grants = new Map<bigint, Access.Grant[]>();
  escrows: Treasury.Escrow[] = [];
  releases: Fleet.Release[] = [];
  checkpoints: Models.Checkpoint[] = [];
  channels: Models.Channel[] = [];
  private readonly read = new Map<string, number>();

  async refresh(clients: Clients): Promise<void> {
    for (const canister of LOGGING) await this.readOn(canister, clients[canister]);
    for (const { bucket } of await insist(() => clients.datasets.list_buckets()))
      await this.readOn(`bucket ${bucket.toText()}`, clients.bucketClient(bucket));
    for (;;) {
      const { blocks } = await insist(() =>
        clients.ledger.get_blocks({ start: BigInt(this.blocks.length), length: 100 }),
      );
      this.blocks.push(...blocks);
      if (blocks.length < PAGE_LIMIT) break;
    }
    this.proposals = [];
    for (let page = await insist(() => listProposals(clients)); page.length > 0;) {
      this.proposals.unshift(...page.toReversed());
      const before = page.at(-1)!.proposal;
      page = await insist(() => listProposals(clients, { before }));
    }
    this.jobs = await all(
      (after) => clients.access.list_jobs({ after, limit: PAGE_LIMIT }),
      ({ id }) => id,
    );
    for (const { id } of this.jobs) this.grants.set(id, await insist(() => clients.access.list_grants({ job: id })));
    this.escrows = await all(
      (after) => clients.treasury.list_escrows({ after, limit: PAGE_LIMIT }),
      ({ id }) => id,
    );
    this.releases = await all(
      (after) => clients.fleet.list_releases({ after, limit: PAGE_LIMIT }),
      ({ id }) => id,
    );
    this.checkpoints = await all(
      (after: [] | [string]) => clients.models.list_checkpoints({ after, limit: PAGE_LIMIT, state: [] }),
      ({ id }) => id,
    );
    this.channels = await all(
      (after: [] | [string]) => clients.models.list_channels({ after, limit: PAGE_LIMIT }),
      ({ name }) => name,
    );
  }

  private async readOn(
    canister: string,
    log: {
      audit_log(page: { start: bigint; length: number }): Promise<{ caller: { toText(): string }; event: string }[]>;
    },
  ): Promise<void> {
    for (;;) {
      const start = this.read.get(canister) ?? 0;
      const page = await insist(() => log.audit_log({ start: BigInt(start), length: 100 }));
      for (const { caller, event } of page)
        this.events.push({
          canister: canister.split(' ')[0]!,
          caller: caller.toText(),
          event: JSON.parse(event) as Record<string, unknown>,
        });
      this.read.set(canister, start + page.length);
      if (page.length < PAGE_LIMIT) return;
    }
  }
}

async function all<T, K = bigint>(page: (after: [] | [K]) => Promise<T[]>, key: (item: T) => K): Promise<T[]> {
  const items: T[] = [];
  for (;;) {
    const last = items.at(-1);
    const next = await insist(() => page(last === undefined ? [] : [key(last)]));
    items.push(...next);
    if (next.length < PAGE_LIMIT) return items;
  }
}
