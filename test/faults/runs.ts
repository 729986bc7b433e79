import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowExecutionAlreadyStartedError, WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { canisterTreasury } from '@livepod/activities';
import type { Chain } from './chain.js';
import type { Plan, Step } from './control.js';
import type { Lab } from './lab.js';
import { insist } from './people.js';
import type { Play, Scenario } from './scenarios/scenario.js';
import { Subjects } from './subjects.js';
import { TEMPLATE_RUN, type Template } from './template.js';
import { outside, strays, worldOf, type Ending, type World } from './world.js';

/** How one run of a scenario came out. */
export interface Outcome {
  plan: Plan;
  world: World;
  steps: Step[];
  seconds: number;
}

/** A run that has not ended by then is stuck. */
const PATIENCE_SECONDS = 1800;
const PREPARED_AT_ONCE = 4;

/**
 * Runs scenarios at the same time, each with subjects of its own; when all have ended and nothing moves any more, looks
 * at what each came to.
 */
export async function runTogether(
  lab: Lab,
  chain: Chain,
  scenarios: readonly Scenario[],
  plans: Plan[],
  template: () => Promise<Template>,
): Promise<Outcome[]> {
  const prepared: { plan: Plan; subjects: Subjects; play: Play }[] = [];
  const queue = [...plans];
  await Promise.all(
    Array.from({ length: PREPARED_AT_ONCE }, async () => {
      for (let plan = queue.shift(); plan; plan = queue.shift()) {
        lab.control.add(plan);
        const subjects = new Subjects(lab, plan.run, template);
        const scenario = scenarios.find(({ name }) => name === plan.scenario)!;
        prepared.push({ plan, subjects, play: await scenario.prepare(subjects) });
      }
    }),
  );
  lab.tell(`${prepared.length} runs are prepared`);

  let done = 0;
  const ended = await Promise.all(
    prepared.map(async ({ plan, subjects, play }) => {
      plan.begun = true;
      const began = Date.now();
      const ending = await ran(lab, play);
      if (play.aboutAll && ending.status === 'completed') ending.says = 'about everything';
      const seconds = (Date.now() - began) / 1000;
      lab.tell(
        `${++done} of ${prepared.length}: ${plan.run} ` +
          `${plan.scenario}${plan.fault ? `, ${plan.fault}` : ''}${plan.only ? ` of ${plan.only} alone` : ''}: ` +
          `${ending.status} after ${seconds.toFixed(0)} ` +
          `s${plan.fault === null && ending.status !== 'completed' ? `: ${JSON.stringify(ending.says)}` : ''}`,
      );
      return { plan, subjects, ending, seconds };
    }),
  );

  // What comes late may still come; and every escrow whose outcome is known is closed, so that it does not matter when
  // a sweep came by.
  await sleep(2_000);
  await insist(async () => canisterTreasury(await lab.people.as('orchestrator')).sweep());
  await chain.refresh(await lab.people.as('voter'));
  const around = await outside(lab);
  const stray = strays(new Set([TEMPLATE_RUN, ...lab.control.runs()]), chain);
  if (stray.length > 0) throw new Error(`There are effects that belong to no run: ${stray.join(', ')}.`);
  return ended.map(({ plan, subjects, ending, seconds }) => ({
    plan,
    world: worldOf(subjects, ending, chain, around),
    steps: lab.control.stepsOf(plan.run),
    seconds,
  }));
}

async function ran(lab: Lab, play: Play): Promise<Ending> {
  await insist(() =>
    lab.temporal.workflow.start(play.workflow, { workflowId: play.id, taskQueue: play.queue, args: [play.input] }),
  ).catch((error: unknown) => {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  });
  const handle = lab.temporal.workflow.getHandle(play.id);
  let trouble: string | undefined;
  const steering = play.steer?.(handle).catch((error: unknown) => void (trouble = (error as Error).message));
  const ending = await endOf(handle);
  if (ending.status !== 'stuck') await Promise.race([steering, sleep(10_000)]);
  return trouble === undefined ? ending : { status: ending.status, says: { ...(ending.says as object), trouble } };
}

async function endOf(handle: WorkflowHandle): Promise<Ending> {
  for (const until = Date.now() + PATIENCE_SECONDS * 1000; Date.now() < until;) {
    try {
      const result: unknown = await Promise.race([handle.result(), sleep(until - Date.now(), STUCK, { ref: false })]);
      if (result !== STUCK) return { status: 'completed', says: result };
    } catch (error) {
      if (error instanceof WorkflowFailedError) return { status: 'failed', says: failureOf(error) };
      await sleep(500); // the server is away
    }
  }
  const doing = await handle.describe().then(
    ({ raw }) =>
      raw.pendingActivities?.map(
        ({ activityType, attempt, lastFailure }) =>
          `${activityType?.name} (attempt ${attempt}: ${lastFailure?.message ?? 'no failure'})`,
      ),
    () => [],
  );
  await handle.terminate('the fault matrix waits no longer').catch(() => {});
  return { status: 'stuck', says: { doing } };
}

const STUCK = Symbol('stuck');

/** The innermost cause's name and words. */
function failureOf(error: Error): { failure: string; message: string } {
  let cause = error;
  while (cause.cause instanceof Error) cause = cause.cause;
  return { failure: (cause as { type?: string }).type ?? cause.name, message: cause.message };
}
