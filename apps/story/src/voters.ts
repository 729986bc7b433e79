import { setTimeout as sleep } from 'node:timers/promises';
import {
  CanisterError,
  connect,
  listProposals,
  stake,
  vote,
  type Clients,
  type Decision,
  type Network,
} from '@livepod/client';
import { VOTERS, type Cast } from './cast.js';

const YEAR_SECONDS = 365 * 24 * 3600;

/**
 * Five token holders who read what is proposed and vote. They say yes to what they are shown, but for what the story
 * has them see through; the careless vote of the third round is theirs too.
 */
export class Voters {
  private readonly refusing = new Set<string>();
  private readonly voted = new Set<string>();
  private clients: Clients[] = [];
  private stopped = false;
  private running: Promise<void> | undefined;

  constructor(
    private readonly network: Network,
    private readonly cast: Cast,
  ) {}

  /** Locks each voter's tokens in a neuron. Safe to repeat. */
  async stake(): Promise<void> {
    await Promise.all(
      this.clients.map((clients, index) =>
        stake(clients, { amount: VOTERS[index]!.stake, dissolveDelaySeconds: YEAR_SECONDS }),
      ),
    );
  }

  /** Votes no on whatever names this. */
  refuse(subject: string): void {
    this.refusing.add(subject);
  }

  /** The first voter's own client, for proposals of the voters themselves. */
  get first(): Clients {
    return this.clients[0]!;
  }

  /** From now on they vote on whatever is open, the user's own proposals too. */
  async start(): Promise<void> {
    this.clients = await Promise.all(VOTERS.map(({ name }) => connect(this.network, this.cast.identity(name))));
    this.running = this.vote();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.running;
  }

  private async vote(): Promise<void> {
    while (!this.stopped) {
      try {
        for (const proposal of await listProposals(this.first, { open: true })) await this.decide(proposal);
      } catch {
        // The network is away for a moment, or the stakes are not locked yet; the proposals stay open.
      }
      await sleep(400);
    }
  }

  /** In the order of their stakes, smallest first, so that several are needed for a majority. */
  private async decide(proposal: Decision): Promise<void> {
    const ballot = [...this.refusing].some((subject) => proposal.rendering.includes(subject)) ? 'no' : 'yes';
    for (const [index, clients] of this.clients.entries()) {
      const key = `${proposal.proposal}/${index}`;
      if (this.voted.has(key)) continue;
      try {
        await vote(clients, { proposal: proposal.proposal, vote: ballot });
        this.voted.add(key);
      } catch (error) {
        if (!(error instanceof CanisterError)) throw error;
        if (error.code === 'voteClosed') return; // decided by those before
        if (error.code !== 'alreadyVoted') throw error;
        this.voted.add(key);
      }
    }
  }
}
