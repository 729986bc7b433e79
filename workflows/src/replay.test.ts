import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { histories } from '../test/histories.js';

/** Recorded runs must replay: a failure here means that workflows which are running now would break. Use `patched`, or record anew (rounds.slow.test.ts). */
it('workflows replay the recorded histories', async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const workflowBundle = await bundleWorkflowCode({ workflowsPath: fileURLToPath(new URL('orchestrator.ts', import.meta.url)), logger: new DefaultLogger('ERROR') });
  const recorded = (await readdir(histories)).filter((name) => name.endsWith('.json'));
  expect(recorded.length).toBeGreaterThan(0);
  for (const name of recorded) await Worker.runReplayHistory({ workflowBundle }, JSON.parse(await readFile(new URL(name, histories), 'utf8')), name.replace('.json', ''));
});
