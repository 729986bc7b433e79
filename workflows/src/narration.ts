import { defineQuery, setCurrentDetails, setHandler } from '@temporalio/workflow';
import { page } from './page.js';
import { Standing, STEP, type States } from './states.js';

export interface WorkflowState {
  stage: string;
  /** Which of its table's states it is in (states.ts). */
  state: string;
  headline: string;
  facts: Record<string, string>;
  /** What it waits for, and until when at the latest (ISO 8601); null when it is at work itself. */
  waitsFor: string | null;
  until: string | null;
  /** Updates that make sense now. */
  possible: string[];
  /** What a token for each of them has to name. */
  signs: Record<string, TokenFor>;
  links: Record<string, string>;
}

export interface PlanStep {
  step: string;
  state: 'done' | 'now' | 'ahead';
}

export const stateQuery = defineQuery<WorkflowState>('state');
export const timelineQuery = defineQuery<{ at: string; text: string }[]>('timeline');
export const planQuery = defineQuery<PlanStep[]>('plan');

/** What an update changes, and where that stands; without a state its canister knows (`get_release`, `get_job`). */
export interface TokenFor {
  /** `workflow`, `release/<number>` or `job/<number>`. */
  object: string;
  state?: string;
}

/** An update that a workflow takes. */
export interface Offered {
  /** Why it makes no sense now; undefined where it does. */
  unless: () => string | undefined;
  signs: () => TokenFor;
}

/** What goes with a headline. A wait ends with the next headline; links stay, one for each name. */
export interface Beat {
  /** The last one: nothing can be done any more. */
  over?: boolean;
  /** The state that begins; without it the state stays. */
  state?: string;
  step?: string;
  waitsFor?: string;
  until?: string;
  /** Undefined ones are left out: what has no page has no link. */
  links?: Record<string, string | undefined>;
}

/**
 * Says what is happening, in one sentence: shown on the workflow's page in the Temporal UI, by the queries `state` and
 * `timeline`, and as the summary of the steps that follow.
 */
export interface Tell {
  (headline: string, facts?: Record<string, string | number>, beat?: Beat): void;
  /** Updates that the workflow takes. */
  readonly offers: Map<string, Offered>;
  /** Where it stands: what the page says and takes follows from it. */
  readonly standing: Standing;
  headline(): string;
  /** What it waits for now. */
  waits(): Pick<Beat, 'waitsFor' | 'until'>;
}

const KEPT_LINES = 200;

/**
 * The story of one workflow run. Call it once, first.
 *
 * @param plan    the steps to come, in order; `beat.step` says which has begun
 * @param states  every state that it can be in, the first first
 */
export function narrate(
  stage: string,
  firstFacts: Record<string, string | number> = {},
  plan: readonly string[] = [],
  states: States = STEP,
): Tell {
  const standing = new Standing(states);
  const state: WorkflowState = {
    stage,
    state: standing.state,
    headline: 'Started',
    facts: texts(firstFacts),
    waitsFor: null,
    until: null,
    possible: [],
    signs: {},
    links: {},
  };
  const timeline: { at: string; text: string }[] = [];
  const offers = new Map<string, Offered>();
  let now = -1;
  const asOfNow = (): WorkflowState => {
    const possible = [...offers].filter(([, { unless }]) => unless() === undefined);
    return {
      ...state,
      state: standing.state,
      possible: possible.map(([name]) => name),
      signs: Object.fromEntries(possible.map(([name, { signs }]) => [name, signs()])),
    };
  };
  setHandler(stateQuery, asOfNow, {
    description: 'Where this workflow stands, what it waits for, and what you can do',
  });
  setHandler(timelineQuery, () => timeline, { description: 'What happened when' });
  setHandler(
    planQuery,
    () => plan.map((step, index) => ({ step, state: index < now ? 'done' : index === now ? 'now' : 'ahead' })),
    { description: 'The steps: done, now, ahead' },
  );

  const tell = (headline: string, facts: Record<string, string | number> = {}, beat: Beat = {}): void => {
    state.headline = headline;
    Object.assign(state.facts, texts(facts));
    for (const [name, link] of Object.entries(beat.links ?? {})) if (link !== undefined) state.links[name] = link;
    state.waitsFor = beat.waitsFor ?? null;
    state.until = beat.until ?? null;
    if (beat.state !== undefined) standing.enter(beat.state);
    if (beat.over && !standing.over) standing.enter('over');
    if (beat.over) offers.clear();
    if (beat.step !== undefined) now = plan.indexOf(beat.step);
    if (beat.over) now = plan.length;
    if (timeline.at(-1)?.text !== headline) timeline.push({ at: new Date().toISOString(), text: headline });
    if (timeline.length > KEPT_LINES) timeline.shift();
    setCurrentDetails(page(asOfNow(), timeline.slice(0, -1)));
  };
  const waits = (): Pick<Beat, 'waitsFor' | 'until'> => ({
    ...(state.waitsFor === null ? {} : { waitsFor: state.waitsFor }),
    ...(state.until === null ? {} : { until: state.until }),
  });
  return Object.assign(tell, { offers, standing, waits, headline: () => state.headline });
}

/** Waiting for a vote. */
export const voteOn = ({ id, deadline, link }: { id: number; deadline: string; link?: string }): Beat => ({
  step: 'vote',
  waitsFor: `the vote on proposal ${id}`,
  until: deadline,
  links: { [`proposal ${id}`]: link },
});

/** The page of another workflow of ours; the UI puts its namespace in. */
export const workflowPage = (workflowId: string, namespace = '{namespace}'): string =>
  `/namespaces/${namespace}/workflows/${workflowId}`;

const texts = (facts: Record<string, string | number>): Record<string, string> =>
  Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, String(value)]));

/** The first digits of an id, for people: `sha256:0a1b2c3d…` reads 0a1b2c3d. */
export const short = (id: string): string => id.replace('sha256:', '').slice(0, 8);
