import { patched } from '@temporalio/workflow';
import type { CheckedWorkflow, InputChecked } from '@livepod/activities/ports';
import { invalidInput } from './guards.js';
import { checks } from './ports.js';

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
