import { shown, type ShownWork } from './display.js';
import { StackError } from './errors.js';
import { cache } from './paths.js';
import { killRunningCommands } from './run.js';
import { runAll } from './schedule.js';
import type { Step, StepOutcome } from './step.js';
import { browser } from './steps/browser.js';
import { deployTools, prometheus } from './steps/deployTools.js';
import { findRecordings, recordingsWays, type Recordings } from './steps/recordings.js';
import { s3 } from './steps/s3.js';
import { temporal } from './steps/temporal.js';
import { sandbox } from './steps/sandbox.js';
import { tensorflow } from './steps/tensorflow.js';
import { pocketSuite } from './steps/pocketSuite.js';
import { pythonAgent } from './steps/pythonAgent.js';
import { canisters, instrument, rust, testCanister } from './steps/wasm.js';

export interface SetUpOptions {
  /** The folder that --data names; LIVEPOD_DATA where absent. */
  data?: string;
  /** Also what only tests need. */
  forTests?: boolean;
  /** Names of the steps to run; all where absent. */
  only?: string[];
}

export interface SetUpResult {
  /** Null when the step `recordings` was not asked for. */
  recordings: Recordings | null;
  /** The folder with `<canister>.wasm`. */
  wasmDir: string;
  /** Sentences on what is there, but less good than it could be. */
  warnings: string[];
  seconds: number;
  times: StepTime[];
}

/** When a step ran, in seconds from the beginning of set-up. */
export interface StepTime {
  step: string;
  how: StepOutcome['how'];
  from: number;
  to: number;
}

/** Every step of set-up; in each lane, what takes longest comes first. */
export function steps(options: SetUpOptions, found: (recordings: Recordings) => void = () => {}): Step[] {
  const recordings: Step = {
    name: 'recordings',
    title: 'Recordings',
    ways: recordingsWays,
    async run(progress) {
      const outcome = await findRecordings(options.data ?? process.env['LIVEPOD_DATA'], progress);
      found(outcome.recordings);
      return outcome;
    },
  };
  const all = [
    rust,
    canisters,
    instrument,
    temporal,
    s3,
    tensorflow,
    recordings,
    sandbox,
    ...(options.forTests ? [testCanister, pythonAgent, pocketSuite, browser] : []),
    ...(options.forTests ? [prometheus, deployTools] : []),
  ];
  const unknown = options.only?.filter((name) => !all.some((step) => step.name === name)) ?? [];
  if (unknown.length > 0) {
    throw new StackError(
      'badOption',
      { unknown },
      `There is no set-up step ${unknown.join(', ')}; there are ${all.map((step) => step.name).join(', ')}.`,
    );
  }
  return options.only ? all.filter((step) => options.only!.includes(step.name)) : all;
}

/**
 * Makes sure of everything that the stack and the story need, and shows progress. Steps run side by side: what is
 * downloaded while something compiles costs no time, and neither does the end of a build that is down to one processor.
 *
 * @throws StackError `stepFailed` naming the step, why it failed, and the other ways to provide the same
 */
export async function setUp(options: SetUpOptions = {}): Promise<SetUpResult> {
  const began = Date.now();
  const result: SetUpResult = { recordings: null, wasmDir: cache('wasm'), warnings: [], seconds: 0, times: [] };
  const list = steps(options, (recordings) => {
    result.recordings = recordings;
  });
  let interrupted = false;
  const works = list.map((step): ShownWork => {
    const fetched = step.fetch?.().catch(() => {}); // `run` says what cannot be had
    return {
      ...step,
      async run(progress) {
        const from = secondsSince(began);
        const outcome = await endOf(step, fetched, progress, () => interrupted);
        const to = secondsSince(began);
        if (outcome.warning) result.warnings.push(outcome.warning);
        result.times.push({ step: step.name, how: outcome.how, from, to });
        return `${step.title}: ${outcome.detail}${outcome.how === 'built' ? ` (${Math.round(to - from)} s)` : ''}`;
      },
    };
  });
  const onSignal = (): void => {
    interrupted = true;
    killRunningCommands();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    await shown(works, (all) => runAll(all, killRunningCommands));
  } finally {
    process.removeListener('SIGINT', onSignal).removeListener('SIGTERM', onSignal);
  }
  for (const warning of result.warnings) console.warn(`warning: ${warning}`);
  result.seconds = secondsSince(began);
  if (result.times.some(({ how }) => how === 'built')) console.log(took(result));
  return result;
}

async function endOf(
  step: Step,
  fetched: Promise<void> | undefined,
  progress: (line: string) => void,
  interrupted: () => boolean,
): Promise<StepOutcome> {
  if (fetched) {
    progress('downloading');
    await fetched;
  }
  const outcome = await step.run(progress).catch((error: Error) => {
    if (interrupted()) return null;
    const ways = step.ways.map((way) => `  - ${way}`).join('\n');
    throw new StackError(
      'stepFailed',
      { step: step.name, cause: error.message },
      `${step.title}: ${error.message}\nWhat it needs, any one of:\n${ways}`,
    );
  });
  if (interrupted() || outcome === null) {
    const why = `${step.title}: interrupted; the next start goes on from here.`;
    throw new StackError('stepFailed', { step: step.name }, why);
  }
  return outcome;
}

/** What was made, and from when to when, so that a slow start shows where it was slow. */
function took({ seconds, times }: SetUpResult): string {
  const made = times.filter(({ how }) => how === 'built').sort((a, b) => a.from - b.from);
  const spans = made.map(({ step, from, to }) => `${step} ${Math.round(from)}–${Math.round(to)}`);
  return `Set-up took ${Math.round(seconds)} s (from–to): ${spans.join(', ')}`;
}

const secondsSince = (moment: number): number => (Date.now() - moment) / 1000;
