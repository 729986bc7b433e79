import { workflowBundle } from './bundle.js';

/**
 * Makes the workflow bundles of both entries and keeps them in .cache/workflows, for an image whose file system is
 * read-only later.
 */
for (const entry of ['orchestrator', 'provider'] as const)
  process.stdout.write(`${entry}: build ${(await workflowBundle(entry)).buildId}\n`);
