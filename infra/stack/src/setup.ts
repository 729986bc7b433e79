import { Listr } from 'listr2';
import { StackError } from './errors.js';
import { cache } from './paths.js';
import { killRunningCommands } from './run.js';
import type { Step } from './step.js';
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
}

/** Every step of set-up, in the order in which they run. */
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
    recordings,
    tensorflow,
    sandbox,
    rust,
    instrument,
    canisters,
    ...(options.forTests ? [testCanister, pythonAgent, pocketSuite, browser] : []),
    temporal,
    s3,
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
 * Makes sure of everything that the stack and the story need, one step after the other (builds use every core as it
 * is), and shows progress: a live list on a terminal, plain lines elsewhere.
 *
 * @throws StackError `stepFailed` naming the step, why it failed, and the other ways to provide the same
 */
export async function setUp(options: SetUpOptions = {}): Promise<SetUpResult> {
  const began = Date.now();
  const result: SetUpResult = { recordings: null, wasmDir: cache('wasm'), warnings: [], seconds: 0 };
  const list = steps(options, (recordings) => {
    result.recordings = recordings;
  });
  let interrupted = false;
  const live = process.stdout.isTTY && !process.env['CI'];
  const tasks = new Listr(
    list.map((step) => ({
      title: step.title,
      task: async (_: unknown, task: { title: string; output: string }): Promise<void> => {
        const since = Date.now();
        const outcome = await step
          .run(
            throttled((line) => {
              task.output = line;
            }, live),
          )
          .catch((error: Error) => {
            if (interrupted) return null;
            throw new StackError(
              'stepFailed',
              { step: step.name, cause: error.message },
              `${step.title}: ${error.message}\nWhat it needs, any one ` +
                `of:\n${step.ways.map((way) => `  - ${way}`).join('\n')}`,
            );
          });
        if (interrupted || outcome === null)
          throw new StackError(
            'stepFailed',
            { step: step.name },
            `${step.title}: interrupted; the next start goes on from here.`,
          );
        if (outcome.warning) result.warnings.push(outcome.warning);
        task.title =
          `${step.title}: ` +
          `${outcome.detail}${outcome.how === 'built' ? ` (${Math.round((Date.now() - since) / 1000)} s)` : ''}`;
      },
    })),
    {
      concurrent: false,
      registerSignalListeners: false,
      renderer: live ? 'default' : 'simple',
      rendererOptions: { collapseErrors: false } as object,
    },
  );
  const onSignal = (): void => {
    interrupted = true;
    killRunningCommands();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    await tasks.run();
  } finally {
    process.removeListener('SIGINT', onSignal).removeListener('SIGTERM', onSignal);
  }
  for (const warning of result.warnings) console.warn(`warning: ${warning}`);
  result.seconds = (Date.now() - began) / 1000;
  return result;
}

/** Without a terminal one line every ten seconds shows that a build is alive. */
function throttled(show: (line: string) => void, live: boolean): (line: string) => void {
  let last = 0;
  return (line) => {
    if (!live && Date.now() - last < 10_000) return;
    last = Date.now();
    show(line.slice(0, 160));
  };
}
