import { figureInWords } from '@livepod/protocol';
import type { LifecycleInput, LifecycleResult } from '@livepod/workflows';
import { connect, decision } from '@livepod/client';
import { contributor } from '../cast.js';
import { StoryError } from '../errors.js';
import { until } from '../patience.js';
import { FAST_PLAN } from '../plan.js';
import type { Chapter, Theatre } from './chapter.js';
import { lifecycle, rollback } from './workflows.js';

const id = (theatre: Theatre, name: string): string => theatre.memory.told.datasets[name]!.id;
const idsOf = (theatre: Theatre, people: string[]): string[] =>
  people.map((person) => id(theatre, contributor(person)));
const result = (theatre: Theatre, round: string): LifecycleResult =>
  theatre.memory.told.results[`lifecycle-${round}`] as LifecycleResult;

function roundOf(theatre: Theatre, round: string, more: Partial<LifecycleInput>): LifecycleInput {
  return {
    round,
    recipe: theatre.memory.told.recipe!,
    provider: 'provider-1',
    channel: 'stable',
    plan: FAST_PLAN,
    holdSeconds: 0,
    ...more,
  };
}

function expected(what: string, holds: boolean, found: unknown): void {
  if (!holds)
    throw new StoryError(
      'wentWrong',
      { what, found },
      `The story expects that ${what}; found: ${JSON.stringify(found)}.`,
    );
}

export const firstRound: Chapter = {
  title: 'Round 1: votes, escrow, training, evaluation, adoption, rollout 1 → 3 → 6',
  async tell(theatre) {
    const made = await lifecycle(
      theatre,
      roundOf(theatre, 'round-1', {
        datasets: [...idsOf(theatre, theatre.people.first), id(theatre, 'contributor-newcomer')],
        arguments: { epochs: 3, windowsPerEpoch: 2048 },
        seed: 1,
      }),
    );
    expected('version 1 reaches the whole channel', made.outcome === 'completed' && made.version === 1, made);
    expected(
      'voters keep one dataset out',
      made.datasets.filter((dataset) => dataset.decision === 'rejected').length === 1,
      made.datasets,
    );
    await theatre.pods.allHaveRun([1], 180);
    theatre.tell(`version 1: ${inWords(made)}`);
  },
};

export const secondRound: Chapter = {
  title: 'Round 2: trained on from version 1 with six more people; version 2 is better and rolls out',
  async tell(theatre) {
    const first = result(theatre, 'round-1');
    const made = await lifecycle(
      theatre,
      roundOf(theatre, 'round-2', {
        datasets: idsOf(theatre, theatre.people.second),
        trainOn: idsOf(theatre, theatre.people.first),
        base: first.checkpoint,
        arguments: { epochs: 5, windowsPerEpoch: 4096 },
        seed: 2,
        acceptWorse: 'Six more people join; whoever is served worst may be served a little worse',
      }),
    );
    expected('version 2 reaches the whole channel', made.outcome === 'completed' && made.version === 2, made);
    expected(
      'version 2 is better than version 1 on hold-out people',
      Number(made.evaluation!.accuracy) > Number(first.evaluation!.accuracy),
      { first: first.evaluation, second: made.evaluation },
    );
    await theatre.pods.allHaveRun([1, 2], 180);
    theatre.tell(`version 2: ${inWords(made)}`);
  },
};

export const thirdRound: Chapter = {
  title: 'Round 3: the canary fails its gate, the release stops itself, bonds are put up for slashing',
  async tell(theatre) {
    const made = await lifecycle(
      theatre,
      roundOf(theatre, 'round-3', {
        datasets: [id(theatre, 'contributor-careless')],
        base: result(theatre, 'round-2').checkpoint,
        arguments: { epochs: 3, windowsPerEpoch: 4096 },
        seed: 3,
        acceptWorse: 'A careless vote: nobody reads how much worse it is',
        proposeSlashing: true,
      }),
    );
    expected('the release of version 3 stops itself', made.outcome === 'stopped' && made.version === 3, made);
    expected('two bonds are put up for slashing', made.slashing.length === 2, made.slashing);
    const pods = await theatre.pods.allAt(2, 180);
    const exposed = pods.filter((pod) => pod.history.some((entry) => entry.version === 3));
    expected(
      'one pod alone ever ran version 3',
      exposed.length === 1,
      exposed.map((pod) => pod.name),
    );
    const clients = await connect(theatre.network);
    for (const proposal of made.slashing) {
      await until(
        `the vote on slashing, proposal ${proposal}`,
        async () => ((await decision(clients, proposal)).outcome === 'open' ? undefined : true),
        180,
      );
    }
    theatre.tell(`version 3: ${inWords(made)}; ${exposed[0]!.name} went back to version 2`);
  },
};

export const rollbacks: Chapter = {
  title: 'The DAO rolls the channel back to version 1, and forward to 2',
  async tell(theatre) {
    const back = await rollback(theatre, {
      channel: 'stable',
      version: 1,
      reason: 'Drill: back to version 1',
      ref: 'back',
    });
    expected('the rollback is adopted', back.decision === 'adopted', back);
    await theatre.pods.allHaveRun([2, 1], 180);
    const forward = await rollback(theatre, {
      channel: 'stable',
      version: 2,
      reason: 'The drill is over: forward to version 2',
      ref: 'forward',
    });
    expected('the way forward is adopted', forward.decision === 'adopted', forward);
    await theatre.pods.allHaveRun([2, 1, 2], 180);
  },
};

const inWords = ({ evaluation }: LifecycleResult): string =>
  evaluation
    ? Object.entries(evaluation)
        .map(([name, value]) => `${figureInWords(name)} ${value}`)
        .join(', ')
    : 'not measured';
