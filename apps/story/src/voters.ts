import { setTimeout as sleep } from 'node:timers/promises';
import { hex } from '@livepod/protocol';
import {
  CanisterError,
  connect,
  listProposals,
  neuronId,
  stake,
  vote,
  type Clients,
  type Decision,
  type Network,
} from '@livepod/client';
import { VOTERS, type Cast } from './cast.js';

const YEAR_SECONDS = 365 * 24 * 3600;

/** What the story's rounds, and its rollback there and back, are called in the references of their proposals. */
const TOLD = /\/(round-[123]|rounds-by-hand[^/]*|back|forward)(\/|$)/;
const isTold = (clientRef: string): boolean => TOLD.test(clientRef);

/**
 * Five token holders who read what is proposed and vote. They say yes to what they are shown, but for what the story
 * has them see through; the careless vote of the third round is theirs too.
 */
export class Voters {
  private readonly refusing = new Set<string>();
  private readonly voted = new Set<string>();
  private readonly left = new Set<number>();
  private clients: Clients[] = [];
  private stopped = false;
  private running: Promise<void> | undefined;

  /** @param tellOfOthers  they vote on the story's own proposals alone, and tell of the others here */
  constructor(
    private readonly network: Network,
    private readonly cast: Cast,
    private readonly tellOfOthers?: (line: string) => void,
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

  /** From now on they vote on whatever is open: the user's own proposals too, unless the user votes. */
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
        for (const proposal of await listProposals(this.first, { open: true }))
          if (this.isForThem(proposal)) await this.decide(proposal);
      } catch {
        // The network is away for a moment, or the stakes are not locked yet; the proposals stay open.
      }
      await sleep(1000);
    }
  }

  /** Whether it is the story's own, where the user votes on everything else. */
  private isForThem({ proposal, title, clientRef, proposer }: Decision): boolean {
    if (!this.tellOfOthers || isTold(clientRef)) return true;
    if (this.clients.some(({ principal }) => hex(neuronId(principal)) === proposer)) return true;
    if (!this.left.has(proposal)) {
      this.left.add(proposal);
      this.tellOfOthers(`Proposal ${proposal}, “${title}”, is yours: livepod vote ${proposal} yes|no --identity FILE`);
    }
    return false;
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
