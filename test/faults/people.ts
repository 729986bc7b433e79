import { setTimeout as sleep } from 'node:timers/promises';
import type { Ed25519KeyIdentity } from '@dfinity/identity';
import {
  connect,
  decision,
  identityFromSeed,
  isTransient,
  listProposals,
  propose,
  transfer,
  vote,
  type Clients,
  type GovernedMethod,
  type GovernedPayloads,
  type Network,
} from '@livepod/client';
import { sha256, utf8 } from '@livepod/protocol';

export const TOKEN = 100_000_000n;

/** Repeats what may be repeated for as long as servers are away; a refusal is final. */
export async function insist<T>(act: () => Promise<T>, patienceSeconds = 180): Promise<T> {
  for (const until = Date.now() + patienceSeconds * 1000; ; await sleep(300)) {
    try {
      return await act();
    } catch (error) {
      const name = (error as Error).name;
      const away =
        isTransient(error) ||
        name === 'ServiceError' ||
        name === 'TransportError' ||
        (error as { code?: unknown }).code === 14 ||
        (error as { code?: unknown }).code === 4;
      if (!away || Date.now() > until) throw error;
    }
  }
}

/** The keys of everybody in the lab, made from their names. */
export const seedOf = (name: string): Uint8Array => sha256(utf8(`faults ${name}`));

export function identity(name: string): Ed25519KeyIdentity {
  return identityFromSeed(seedOf(name));
}

export const principal = (name: string): string => identity(name).getPrincipal().toText();

export type Ballot = 'yes' | 'no' | 'leave';

/** Everybody who acts besides the workers: contributors, voters, pods, and whoever has to prepare something. */
export class People {
  private readonly connected = new Map<string, Promise<Clients>>();
  private readonly ballots = new Map<string, (reference: string, rendering: string) => Ballot>();
  private voting: Promise<void> | undefined;
  private stopped = false;
  private paying: Promise<unknown> = Promise.resolve();

  constructor(readonly network: Network) {}

  as(name: string): Promise<Clients> {
    const known = this.connected.get(name) ?? connect(this.network, identity(name));
    this.connected.set(name, known);
    return known;
  }

  /** One payment after the other, so that a repeated one can be told by the balance. */
  async fund(name: string, amount: bigint): Promise<void> {
    const bank = await this.as('bank');
    const mine = this.paying.then(() =>
      insist(async () => {
        const held = await bank.ledger.icrc1_balance_of({ owner: identity(name).getPrincipal(), subaccount: [] });
        if (held < amount) await transfer(bank, principal(name), amount - held);
      }),
    );
    this.paying = mine.catch(() => {});
    await mine;
  }

  /** Has a governed method carried out: the voter proposes, and holds the majority. */
  async pass<M extends GovernedMethod>(method: M, payload: GovernedPayloads[M], reference: string): Promise<void> {
    const voter = await this.as('voter');
    const { proposal } = await insist(() =>
      propose(voter, { method, payload, clientRef: reference, title: method, summary: method }),
    );
    for (;;) {
      const now = await insist(() => decision(voter, proposal));
      if (now.outcome === 'executed') return;
      if (now.outcome !== 'open' && now.outcome !== 'adopted')
        throw new Error(`${method} (${reference}) was ${now.outcome}: ${now.failure ?? ''}`);
      await sleep(100);
    }
  }

  /** How the voter votes on what a run proposes. Without a rule: yes. */
  rule(run: string, ballot: (reference: string, rendering: string) => Ballot): void {
    this.ballots.set(run, ballot);
  }

  /** Resolves when a proposal whose reference begins so is open. */
  async proposed(reference: string): Promise<void> {
    const voter = await this.as('voter');
    while (
      !(await insist(() => listProposals(voter, { open: true }))).some(({ clientRef }) =>
        clientRef.startsWith(reference),
      )
    )
      await sleep(200);
  }

  startVoting(): void {
    this.voting = this.vote();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.voting;
  }

  private async vote(): Promise<void> {
    const voter = await this.as('voter');
    while (!this.stopped) {
      for (const open of await listProposals(voter, { open: true }).catch(() => [])) {
        const run = runIn(open.clientRef);
        const ballot =
          (run === undefined ? undefined : this.ballots.get(run)?.(open.clientRef, open.rendering)) ?? 'yes';
        // it is still open when it failed
        if (ballot !== 'leave') await vote(voter, { proposal: open.proposal, vote: ballot }).catch(() => {});
      }
      await sleep(400);
    }
  }
}

/** The run that a reference, a workflow's id or a name belongs to. */
export const runIn = (text: string): string | undefined => /(?:^|[-/ ])(r\d+)(?=$|[-/ ])/.exec(text)?.[1];
