import {
  GOVERNED,
  isCarried,
  isSettled,
  MOTION,
  outcomeOfVote,
  roundOfReference,
  unhex,
  type GovernedMethod,
  type VoteCount,
} from '@livepod/protocol';
import { refuse } from '../errors.js';
import type { Entry, JsonObject, LogName } from '../format.js';
import { hasFields } from '../logs.js';
import { readPayload } from '../payloads.js';
import { agree, mark, markOrNull, needed, notBefore, SKEW, whole, type Facts, type Mark } from './facts.js';
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

interface Rule {
  log: LogName;
  kind: string;
  fields: (argument: JsonObject) => JsonObject;
  byGovernor: boolean;
}

/** What a governed method leaves in the log of its canister; undefined of one whose log is not read here. */
function effectOf(method: GovernedMethod): Rule | undefined {
  const governed = GOVERNED[method];
  if (!('effect' in governed)) return undefined;
  const { canister, effect } = governed;
  return { log: canister, ...effect, fields: (argument) => effect.fields(argument) as JsonObject };
}

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
      const { reference } = event;
      return typeof reference === 'string' && roundOfReference(reference) === round;
    });
    return Promise.all(named.map((made) => this.get(Number(made.event['proposal']), made)));
  }

  /**
   * The executed proposal that an effect in a canister's log comes from; null when it was made before the file starts.
   */
  async behind(effect: Entry, method: GovernedMethod): Promise<ProposalAccount | null> {
    const { governance } = this.facts.logs;
    const rule = effectOf(method)!;
    const path = this.facts.logs[rule.log].place(effect);
    if (rule.byGovernor) agree(path, 'who did it', effect.caller, governance.canister);
    let mayBeOlder = governance.mayLack(notBefore(effect));
    for (const executed of governance.all('proposal_executed')) {
      if (BigInt(executed.at) + SKEW < BigInt(effect.at)) continue;
      const proposal = executed.event['proposal']!;
      const decided = governance.only('proposal_decided', { proposal });
      const made = governance.only('proposal_made', { proposal });
      if (decided && BigInt(decided.at) > BigInt(effect.at) + SKEW) continue;
      // Carried out since the start, and made before it.
      if (!made) mayBeOlder ||= governance.first > 0;
      if (made?.event['function'] !== GOVERNED[method].id || !decided) continue;
      const { argument } = await this.text(Number(proposal), made);
      if (argument && hasFields(effect, rule.fields(argument))) return this.get(Number(proposal), made);
    }
    if (mayBeOlder) return null;
    return refuse('missing', path, 'no executed proposal stands behind it');
  }

  /** Whether a vote on a thing may have been made before the file starts. @param thing  when that was there */
  mayBeOlder(proposal: number, thing: Entry | undefined): boolean {
    const { governance } = this.facts.logs;
    return (
      governance.only('proposal_made', { proposal }) !== undefined || governance.mayLack(thing && notBefore(thing))
    );
  }

  private async text(
    id: number,
    made: Entry,
  ): Promise<{ method: GovernedMethod | null; argument: JsonObject | null; rendering: string }> {
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
    const { title, reference, function: fn, proposer, deadline, quorum } = made.event;
    // Of very many voters the power is summed up after the proposal was made.
    const total = made.event['total'] ?? governance.only('voters_counted', { proposal: id })?.event['total'];
    const votes = governance.all('voted', { proposal: id });
    const seen = new Set(votes.map(({ event }) => event['neuron']));
    if (seen.size !== votes.length) refuse('contradiction', path, `a neuron voted twice on proposal ${id}`);
    if (votes[0]?.event['neuron'] !== proposer)
      refuse('contradiction', path, `its proposer's vote is missing from proposal ${id}`);
    const yes = powerOf(votes, 1, path);
    const no = powerOf(votes, 2, path);
    const all = total === undefined ? yes + no : whole(total, path);
    if (yes + no > all) refuse('contradiction', path, `more power voted on proposal ${id} than there is`);

    const decided = governance.only('proposal_decided', { proposal: id });
    const executed = governance.only('proposal_executed', { proposal: id });
    const failed = governance.only('proposal_failed', { proposal: id });
    const withdrawn = governance.only('proposal_withdrawn', { proposal: id });
    if (decided)
      this.counted(decided, { yes, no, total: all, quorumBasisPoints: whole(quorum, path) }, Number(deadline), votes);
    const adopted = decided?.event['adopted'] === true;
    if ((executed || failed) && !adopted)
      refuse(
        'contradiction',
        governance.place((executed ?? failed)!),
        'it was carried out without having been adopted',
      );
    const effect = executed ? await this.effectIn(method, argument, decided!, executed) : undefined;
    const outcome = outcomeOfVote({
      ...{ yes, no, total: all, quorumBasisPoints: whole(quorum, path) },
      decided: decided !== undefined,
      executed: executed !== undefined || (adopted && fn === MOTION),
      failed: failed !== undefined,
      withdrawn: withdrawn !== undefined,
    });
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
      outcome: outcome === 'adopted' ? 'open' : outcome,
      decided: markOrNull('governance', decided ?? withdrawn),
      executed: markOrNull('governance', executed ?? failed),
      effect: effect && method ? mark(effectOf(method)!.log, effect) : null,
    };
  }

  /** The votes in the log are all there were, and the decision follows from them by the rules of voting. */
  private counted(decided: Entry, count: VoteCount, deadline: number, votes: Entry[]): void {
    const { yes, no, total } = count;
    const path = this.facts.logs.governance.place(decided);
    agree(path, 'the sum of yes votes', String(whole(decided.event['yes'], path)), String(yes));
    agree(path, 'the sum of no votes', String(whole(decided.event['no'], path)), String(no));
    agree(path, 'the power of all voters', String(whole(decided.event['total'], path)), String(total));
    const late = votes.find((vote) => vote.index > decided.index);
    if (late) refuse('contradiction', this.facts.logs.governance.place(late), 'the vote came after the decision');
    const over = BigInt(decided.at) / 1_000_000_000n >= BigInt(deadline);
    if (!over && !isSettled(count))
      refuse('contradiction', path, 'it was decided before its deadline without a majority');
    agree(path, 'whether it was adopted', decided.event['adopted'], isCarried(count));
  }

  private async effectIn(
    method: GovernedMethod | null,
    argument: JsonObject | null,
    decided: Entry,
    executed: Entry,
  ): Promise<Entry | undefined> {
    if (!method || !argument) return undefined;
    const rule = effectOf(method);
    if (!rule) return undefined;
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
      notBefore(decided),
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
