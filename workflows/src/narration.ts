import { defineQuery, setCurrentDetails, setHandler } from '@temporalio/workflow';

export interface WorkflowState {
  stage: string;
  headline: string;
  facts: Record<string, string>;
}

export const stateQuery = defineQuery<WorkflowState>('state');
export const timelineQuery = defineQuery<{ at: string; text: string }[]>('timeline');

/**
 * Says what is happening, in one sentence: shown on the workflow's page in the Temporal UI (Markdown, about 2 kB at most), by the queries
 * `state` and `timeline`, and as the summary of the steps that follow.
 */
export interface Tell {
  (headline: string, facts?: Record<string, string | number>): void;
}

const SHOWN_LINES = 12;
const KEPT_LINES = 200;

/** The story of one workflow run. Call it once, first. */
export function narrate(stage: string, firstFacts: Record<string, string | number> = {}): Tell {
  const state: WorkflowState = { stage, headline: 'Started', facts: texts(firstFacts) };
  const timeline: { at: string; text: string }[] = [];
  setHandler(stateQuery, () => state, { description: 'Where this workflow stands, and its facts so far' });
  setHandler(timelineQuery, () => timeline, { description: 'What happened when' });

  return (headline, facts = {}) => {
    state.headline = headline;
    Object.assign(state.facts, texts(facts));
    timeline.push({ at: new Date().toISOString(), text: headline });
    if (timeline.length > KEPT_LINES) timeline.shift();
    setCurrentDetails(markdown(state, timeline.slice(-SHOWN_LINES - 1, -1)));
  };
}

/** The UI of Temporal 2.42 shows no tables, so facts and past lines are lists. */
function markdown(state: WorkflowState, past: { at: string; text: string }[]): string {
  const facts = Object.entries(state.facts).map(([name, value]) => `- ${name}: ${value}`);
  const lines = past.map((line) => `- ${line.at.slice(11, 19)} ${line.text}`);
  return [`**${state.headline}**`, '', ...facts, '', ...lines.reverse()].join('\n').slice(0, 2000);
}

const texts = (facts: Record<string, string | number>): Record<string, string> => Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, String(value)]));

/** The first digits of an id, for people: `sha256:0a1b2c3d…` reads 0a1b2c3d. */
export const short = (id: string): string => id.replace('sha256:', '').slice(0, 8);

/** Tokens from e8s, for people. */
export const tokens = (e8s: string | bigint): string => {
  const value = BigInt(e8s);
  const fraction = (value % 100_000_000n).toString().padStart(8, '0').replace(/0+$/, '');
  return `${value / 100_000_000n}${fraction === '' ? '' : `.${fraction}`}`;
};
