import { readFileSync } from 'node:fs';
import {
  argumentsOf,
  DEFAULT_PLAN,
  GOVERNED,
  GOVERNED_METHODS,
  isCarried,
  isSettled,
  laneOf,
  OPERATIONS,
  OPERATOR_ACTIONS,
  operatorPageText,
  outcomeOfVote,
  parsePlan,
  PlanError,
  planInWords,
  podsOfWave,
  readOperatorPage,
  roundOfReference,
  validatorOf,
  voteReference,
  wavesOf,
} from './index.js';
import * as limits from './limits.js';

const vectors = <T>(name: string): T[] =>
  JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8')) as T[];

interface VoteVector {
  yes: string;
  no: string;
  total: string;
  quorum: string;
  decided: boolean;
  executed: boolean;
  failed: boolean;
  withdrawn: boolean;
  carried: boolean;
  settled: boolean;
  outcome: string;
}

describe('the outcome of a vote', () => {
  it.each(vectors<VoteVector>('votes'))('is as the vectors say: $yes to $no of $total, $outcome', (vector) => {
    const count = {
      yes: BigInt(vector.yes),
      no: BigInt(vector.no),
      total: BigInt(vector.total),
      quorumBasisPoints: BigInt(vector.quorum),
    };
    expect(isCarried(count)).toBe(vector.carried);
    expect(isSettled(count)).toBe(vector.settled);
    expect(outcomeOfVote({ ...vector, ...count })).toBe(vector.outcome);
  });

  it('is a rejection without a quorum, however few are against it', () => {
    const standing = { decided: true, executed: false, failed: false, withdrawn: false };
    expect(outcomeOfVote({ ...standing, yes: 100n, no: 0n, total: 5100n, quorumBasisPoints: 300n })).toBe('rejected');
  });

  it('asks for the quorum of SNS when none is given', () => {
    expect(isCarried({ yes: 29n, no: 0n, total: 1000n })).toBe(false);
    expect(isCarried({ yes: 30n, no: 0n, total: 1000n })).toBe(true);
  });
});

describe('what may be voted', () => {
  it('is what the vectors hold the canisters to', () => {
    const [motion, ...rows] = vectors<{ id: number; method: string; canister?: string; validator?: string }>(
      'governed',
    );
    expect(motion).toEqual({ id: 1, method: 'motion' });
    expect(rows).toEqual(
      GOVERNED_METHODS.map((method) => ({
        id: GOVERNED[method].id,
        method,
        canister: GOVERNED[method].canister,
        validator: validatorOf(method),
        lane: laneOf(method),
      })),
    );
  });

  it('has every id once, above those that governance keeps for itself', () => {
    const ids = GOVERNED_METHODS.map((method) => GOVERNED[method].id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(Math.min(...ids)).toBeGreaterThanOrEqual(1000);
  });

  it('is named for its round, and a rollback for its channel', () => {
    expect(voteReference('adopt_checkpoint', 'round-1', '00ff')).toBe('adopt/round-1/00ff');
    expect(roundOfReference(voteReference('accept_dataset', 'round-1', '00ff', 2))).toBe('round-1');
    expect(roundOfReference(voteReference('rollback_channel', 'stable', 'back'))).toBeUndefined();
    expect(roundOfReference('')).toBeUndefined();
  });
});

interface PlanVector {
  plan: unknown;
  wrong?: string;
  default?: boolean;
  words?: string;
  pods?: { fleet: number; wave: number; reaches: number }[];
}
const plans = vectors<PlanVector>('plans');

describe('the plan of a release', () => {
  it.each(plans.filter(({ wrong }) => wrong === undefined))('has words and waves: $words', ({ plan, words, pods }) => {
    const read = parsePlan(plan);
    expect(planInWords(read)).toBe(words);
    for (const { fleet, wave, reaches } of pods!) expect(podsOfWave(read, wave, fleet)).toBe(reaches);
  });

  it.each(plans.filter(({ wrong }) => wrong !== undefined))('is refused at $wrong', ({ plan, wrong }) => {
    const field = (): string => {
      try {
        parsePlan(plan);
        return 'none';
      } catch (error) {
        return (error as PlanError).field;
      }
    };
    expect(field().replace(/\[.*/, '')).toBe(wrong);
  });

  it('is slow and safe by default: days, a share of the fleet first, a sample before the next', () => {
    const days = (wavesOf(DEFAULT_PLAN) * DEFAULT_PLAN.soakSeconds) / 86_400;
    expect(days).toBeGreaterThanOrEqual(7);
    expect(podsOfWave(DEFAULT_PLAN, 1, 10_000)).toBeLessThanOrEqual(100);
    expect(DEFAULT_PLAN.gate.minWindows).toBeGreaterThanOrEqual(10_000);
    expect(DEFAULT_PLAN.skippableSoak).toBe(false);
    expect(parsePlan(DEFAULT_PLAN)).toEqual(DEFAULT_PLAN);
    expect(plans.find((vector) => vector.default)!.plan).toEqual(DEFAULT_PLAN);
  });
});

describe('limits', () => {
  it('are those that the vectors hold the canisters to', () => {
    const written = vectors<{ name: string; value: number }>('limits').map(({ name, value }) => [name, value] as const);
    expect(Object.fromEntries(written)).toEqual({ ...limits });
  });

  it('leave room for a sealed chunk', () =>
    expect(limits.PLAIN_CHUNK_BYTES + limits.CHUNK_TAG_BYTES).toBeLessThan(limits.MAX_CHUNK_BYTES));
});

describe('what an operator may do', () => {
  it('is what the vectors hold the canisters to', () =>
    expect(vectors<{ action: string }>('operations').map(({ action }) => action)).toEqual(OPERATOR_ACTIONS));

  it('takes what its example gives', () => {
    expect(argumentsOf('extendDeadline')).toEqual(['seconds']);
    expect(argumentsOf('approve')).toEqual([]);
    for (const action of OPERATOR_ACTIONS) expect(OPERATIONS[action].says).not.toBe('');
  });
});

describe('the operator’s page', () => {
  const page = { sections: [{ title: 'Start', items: [{ name: 'lifecycle', what: 'one round', text: '{}' }] }] };
  it('is read as it was written', () => expect(readOperatorPage(operatorPageText(page))).toEqual(page));
  it.each(['', 'x', '[]', '{}', '{"sections":[{}]}', '{"sections":[{"title":"a","items":[{"name":1}]}]}'])(
    'is not found in %j',
    (text) => expect(readOperatorPage(text)).toBeUndefined(),
  );
});
