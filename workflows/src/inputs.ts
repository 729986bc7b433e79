import { isCancellation, patched, type ApplicationFailure } from '@temporalio/workflow';
import type { CheckedWorkflow, InputChecked } from '@livepod/activities/ports';
import { foundBesides, notCompared, type Finding } from '@livepod/protocol/findings';
import { causeOf } from './failures.js';
import { invalidInput, type Malformed } from './guards.js';
import { checks, quickChecks } from './ports.js';

/**
 * Has what an input names looked up before anything is begun. Runs that began before there was such a look go on
 * without.
 *
 * @returns ids of the datasets that the input calls by their titles
 * @throws ApplicationFailure `InvalidInput` naming everything that does not fit
 */
export async function comparedWithTheWorld(workflow: CheckedWorkflow, input: object): Promise<InputChecked['ids']> {
  if (!patched('input-compared')) return {};
  const { findings, ids } = await checks.input({ workflow, input: { ...input } });
  if (findings.length > 0) throw invalidInput(workflow, findings);
  return ids;
}

/** The failure of an input whose form is wrong. What is well formed is compared all the same, to say all at once. */
export async function refusal(workflow: CheckedWorkflow, { findings, rest }: Malformed): Promise<ApplicationFailure> {
  if (rest === undefined || !patched('malformed-compared')) return invalidInput(workflow, findings);
  return invalidInput(workflow, foundBesides(findings, await saidByTheWorld(workflow, rest)));
}

/** A world that does not answer soon is one finding more, and keeps nobody from the others. */
export async function saidByTheWorld(workflow: CheckedWorkflow, rest: object): Promise<Finding[]> {
  try {
    return (await quickChecks.input({ workflow, input: { ...rest } })).findings;
  } catch (error) {
    if (isCancellation(error)) throw error;
    return [notCompared(causeOf(error).message)];
  }
}
