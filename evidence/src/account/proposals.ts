import { unhex } from '@livepod/protocol';
import { refuse } from '../errors.js';
import type { Entry, JsonObject, LogName } from '../format.js';
import { readPayload } from '../payloads.js';
import { agree, mark, markOrNull, needed, whole, type Facts, type Mark } from './facts.js';
import { placeOfDocument, sha256Hex, textHash } from './source.js';

export interface VoteAccount {
  neuron: string;
  vote: 'yes' | 'no';
  /** Voting power, in digits. */
  power: string;
  /** True when the neuron voted by following others. */
  follows: boolean;
  cast: Mark;
}

export interface ProposalAccount {
  proposal: number;
  title: string;
  /** What its proposer called it; names the round it belongs to. */
  reference: string | null;
  function: number;
  method: string | null;
  argument: JsonObject | null;
  rendering: string;
  proposer: string;
  made: Mark;
  /** Seconds since 1970. */
  deadline: number;
  /** Yes votes that are enough at the deadline, in 1/10000 of all power. */
  quorum: number;
  votes: VoteAccount[];
  yes: string;
  no: string;
  total: string;
  outcome: 'open' | 'executed' | 'failed' | 'rejected' | 'withdrawn';
  decided: Mark | null;
  executed: Mark | null;
  /** What it changed in the canister it concerns. */
  effect: Mark | null;
}

/** The function id of a motion, which nothing is carried out for. */
const MOTION = 1;
/** How much the clocks of two subnets may differ, in nanoseconds: a proposal's effect is timed by another canister. */
const SKEW = 5_000_000_000n;

/** What each governed method leaves in the log of its canister. */
const EFFECTS: Record<
  number,
  { log: LogName; kind: string; fields: (argument: JsonObject) => JsonObject; byGovernor: boolean }
> = {
  1001: { log: 'datasets', kind: 'accepted', fields: ({ dataset }) => ({ dataset: dataset! }), byGovernor: true },
  1002: { log: 'access', kind: 'recipeApproved', fields: ({ recipe }) => ({ recipe: recipe! }), byGovernor: true },
  1003: {
    log: 'access',
    kind: 'providerApproved',
    fields: ({ provider }) => ({ provider: provider! }),
    byGovernor: true,
  },
  1004: {
    log: 'models',
    kind: 'checkpointAdopted',
    fields: ({ checkpoint, channel }) => ({ checkpoint: checkpoint!, channel: channel! }),
    byGovernor: true,
  },
  1005: {
    log: 'models',
    kind: 'channelRolledBack',
    fields: ({ channel, version, reason }) => ({ channel: channel!, version: version!, reason: reason! }),
    byGovernor: true,
  },
  1006: {
    log: 'treasury',
    kind: 'bond_slashed',
    fields: ({ holder, amount, reason }) => ({ holder: holder!, amount: amount!, reason: reason! }),
    byGovernor: true,
  },
  1007: {
    log: 'fleet',
    kind: 'releaseStopped',
    fields: ({ release, reason }) => ({ release: Number(release), by: 'governor', reason: reason! }),
    byGovernor: true,
  },
  1008: {
    log: 'models',
    kind: 'evaluatorAppointed',
    fields: ({ evaluator }) => ({ evaluator: evaluator! }),
    byGovernor: true,
  },
  1009: { log: 'access', kind: 'granted', fields: ({ job }) => ({ job: Number(job), why: 'vote' }), byGovernor: false },
  1010: { log: 'models', kind: 'rootPublished', fields: () => ({}), byGovernor: true },
};

/** Proposals of a round: those it made, and those that others things in it rest on. Each is drawn up once. */
export class Proposals {
  private readonly known = new Map<number, ProposalAccount>();

  constructor(private readonly facts: Facts) {}

  /** In order of number. */
  list(): ProposalAccount[] {
    return [...this.known.values()].sort((a, b) => a.proposal - b.proposal);
  }

  /** Draws up everything that was proposed in the name of the round. */
  async ofRound(): Promise<ProposalAccount[]> {
    const { round, logs } = this.facts;
    const named = logs.governance.all('proposal_made').filter(({ event }) => {
      const [kind, of] = typeof event['reference'] === 'string' ? event['reference'].split('/') : [];
      return of === round && ['intake', 'access', 'adopt', 'slash'].includes(kind!);
    });
    return Promise.all(named.map((made) => this.get(Number(made.event['proposal']), made)));
  }

  /**
   * The executed proposal that an effect in a canister's log comes from; null when it was made before the file starts.
   */
  async behind(log: LogName, effect: Entry, fn: number): Promise<ProposalAccount | null> {
    const { governance } = this.facts.logs;
    const path = this.facts.logs[log].place(effect);
    const rule = EFFECTS[fn]!;
    if (rule.byGovernor) agree(path, 'who did it', effect.caller, governance.canister);
    for (const executed of governance.all('proposal_executed')) {
      if (BigInt(executed.at) + SKEW < BigInt(effect.at)) continue;
      const proposal = executed.event['proposal']!;
      const decided = governance.only('proposal_decided', { proposal });
      const made = governance.only('proposal_made', { proposal });
      if (made?.event['function'] !== fn || !decided || BigInt(decided.at) > BigInt(effect.at) + SKEW) continue;
      const { argument } = await this.text(Number(proposal), made);
      if (argument && Object.entries(rule.fields(argument)).every(([name, value]) => effect.event[name] === value))
        return this.get(Number(proposal), made);
    }
    if (governance.first > 0) return null;
    return refuse('missing', path, 'no executed proposal stands behind it');
  }

  private async text(
    id: number,
    made: Entry,
  ): Promise<{ method: string | null; argument: JsonObject | null; rendering: string }> {
    const text = await this.facts.source.proposal(id);
    const path = placeOfDocument(text);
    if (sha256Hex(unhex(text.payload)) !== made.event['payload'])
      refuse('wrongDocument', `${path}.payload`, `it is not what proposal ${id} put to the vote`);
    if (textHash(text.rendering) !== made.event['rendering'])
      refuse('wrongDocument', `${path}.rendering`, `it is not what voters read of proposal ${id}`);
    const read = readPayload(`${path}.payload`, Number(made.event['function']), text.payload);
    return { method: read?.method ?? null, argument: read?.argument ?? null, rendering: text.rendering };
  }

  private async get(id: number, made: Entry): Promise<ProposalAccount> {
    const known = this.known.get(id) ?? (await this.drawUp(id, made));
    this.known.set(id, known);
    return known;
  }

  private async drawUp(id: number, made: Entry): Promise<ProposalAccount> {
    const { governance } = this.facts.logs;
    const path = governance.place(made);
    const { method, argument, rendering } = await this.text(id, made);
    const { title, reference, function: fn, proposer, deadline, quorum, total } = made.event;
    const votes = governance.all('voted', { proposal: id });
    const seen = new Set(votes.map(({ event }) => event['neuron']));
    if (seen.size !== votes.length) refuse('contradiction', path, `a neuron voted twice on proposal ${id}`);
    if (votes[0]?.event['neuron'] !== proposer)
      refuse('contradiction', path, `its proposer's vote is missing from proposal ${id}`);
    const yes = powerOf(votes, 1, path);
    const no = powerOf(votes, 2, path);
    const all = whole(total, path);
    if (yes + no > all) refuse('contradiction', path, `more power voted on proposal ${id} than there is`);

    const decided = governance.only('proposal_decided', { proposal: id });
    const executed = governance.only('proposal_executed', { proposal: id });
    const failed = governance.only('proposal_failed', { proposal: id });
    const withdrawn = governance.only('proposal_withdrawn', { proposal: id });
    if (decided)
      this.counted(decided, { yes, no, total: all, quorum: Number(quorum), deadline: Number(deadline) }, votes);
    const adopted = decided?.event['adopted'] === true;
    if ((executed || failed) && !adopted)
      refuse(
        'contradiction',
        governance.place((executed ?? failed)!),
        'it was carried out without having been adopted',
      );
    const effect = executed ? await this.effectOf(Number(fn), argument, decided!, executed) : undefined;
    const carriedOut = executed !== undefined || (adopted && fn === MOTION);
    return {
      proposal: id,
      title: String(title),
      reference: reference === null ? null : String(reference),
      function: Number(fn),
      method,
      argument,
      rendering,
      proposer: String(proposer),
      made: mark('governance', made),
      deadline: Number(deadline),
      quorum: Number(quorum),
      votes: votes.map(voteOf),
      yes: String(yes),
      no: String(no),
      total: String(all),
      outcome: outcomeOf({ withdrawn, failed, decided }, adopted, carriedOut),
      decided: markOrNull('governance', decided ?? withdrawn),
      executed: markOrNull('governance', executed ?? failed),
      effect: effect ? mark(EFFECTS[Number(fn)]!.log, effect) : null,
    };
  }

  /** The votes in the log are all there were, and the decision follows from them by the rules of voting. */
  private counted(
    decided: Entry,
    { yes, no, total, quorum, deadline }: { yes: bigint; no: bigint; total: bigint; quorum: number; deadline: number },
    votes: Entry[],
  ): void {
    const path = this.facts.logs.governance.place(decided);
    agree(path, 'the sum of yes votes', String(whole(decided.event['yes'], path)), String(yes));
    agree(path, 'the sum of no votes', String(whole(decided.event['no'], path)), String(no));
    agree(path, 'the power of all voters', String(whole(decided.event['total'], path)), String(total));
    const late = votes.find((vote) => vote.index > decided.index);
    if (late) refuse('contradiction', this.facts.logs.governance.place(late), 'the vote came after the decision');
    const over = BigInt(decided.at) / 1_000_000_000n >= BigInt(deadline);
    const carried = 2n * yes > total || (yes > no && 10_000n * yes >= BigInt(quorum) * total);
    if (!over && 2n * yes <= total && 2n * no < total)
      refuse('contradiction', path, 'it was decided before its deadline without a majority');
    agree(path, 'whether it was adopted', decided.event['adopted'], carried);
  }

  private async effectOf(
    fn: number,
    argument: JsonObject | null,
    decided: Entry,
    executed: Entry,
  ): Promise<Entry | undefined> {
    const rule = EFFECTS[fn];
    if (!rule || !argument) return undefined;
    const { logs } = this.facts;
    const effect = logs[rule.log]
      .all(rule.kind, rule.fields(argument))
      .find(
        (entry) =>
          BigInt(entry.at) + SKEW >= BigInt(decided.at) &&
          BigInt(entry.at) <= BigInt(executed.at) + SKEW &&
          (!rule.byGovernor || entry.caller === logs.governance.canister),
      );
    return needed(
      this.facts,
      rule.log,
      effect,
      `what proposal ${Number(executed.event['proposal'])} carried out (${rule.kind})`,
    );
  }
}

function powerOf(votes: Entry[], vote: number, path: string): bigint {
  const such = votes.filter(({ event }) => event['vote'] === vote);
  return such.reduce((sum, { event }) => sum + whole(event['power'], path), 0n);
}

const voteOf = (vote: Entry): VoteAccount => ({
  neuron: String(vote.event['neuron']),
  vote: vote.event['vote'] === 1 ? 'yes' : 'no',
  power: String(vote.event['power']),
  follows: vote.event['follows'] === true,
  cast: mark('governance', vote),
});

function outcomeOf(
  { withdrawn, failed, decided }: Record<'withdrawn' | 'failed' | 'decided', Entry | undefined>,
  adopted: boolean,
  carriedOut: boolean,
): ProposalAccount['outcome'] {
  if (withdrawn) return 'withdrawn';
  if (failed) return 'failed';
  if (carriedOut) return 'executed';
  return adopted || !decided ? 'open' : 'rejected';
}
