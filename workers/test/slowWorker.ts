import { fileURLToPath } from 'node:url';
import { main, runProcess } from '../src/process.js';

/** A worker process like any other, whose one step takes four seconds: for the test that watches it drain. */
main(() =>
  runProcess(
    'slow',
    {
      address: process.env['TEST_TEMPORAL']!,
      namespace: 'livepod',
      providerNamespace: 'provider-1',
      nexusEndpoint: 'provider-1',
    },
    async () => ({
      workers: [
        {
          namespace: 'livepod',
          taskQueue: 'slow',
          workflowsPath: fileURLToPath(new URL('slowWorkflow.ts', import.meta.url)),
          activities: {
            take: () =>
              new Promise<string>((resolve) => {
                setTimeout(() => resolve('done'), 4_000);
              }),
          },
        },
      ],
    }),
  ),
);
