import { fileURLToPath } from 'node:url';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { TemporalServer } from '../test/temporalServer.js';
import { bundle } from './bundle.js';
import { connectWorker } from './temporal.js';

let server: TemporalServer;
beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  server = await TemporalServer.start();
});
afterAll(() => server?.stop());

describe('the storage of trace contexts that workflows of a worker share', () => {
  it('gives each of many workflows side by side its own trace, evicted and replayed ones too', async () => {
    const traces = new Map<string, Set<string>>();
    const connection = await connectWorker(server.temporal);
    const worker = await Worker.create({
      connection,
      namespace: 'livepod',
      taskQueue: 'probe',
      activities: { step: async () => {} },
      maxCachedWorkflows: 4,
      workflowBundle: { code: await bundle(fileURLToPath(new URL('../test/probe.ts', import.meta.url))) },
      sinks: {
        exporter: {
          export: {
            fn: ({ workflowId }, spans: { spanContext: { traceId: string } }[]) => {
              const own = traces.get(workflowId) ?? new Set();
              for (const { spanContext } of spans) own.add(spanContext.traceId);
              traces.set(workflowId, own);
            },
          },
        },
      },
    });
    const ids = Array.from({ length: 12 }, (_, number) => `probe-${number}`);
    await worker.runUntil(
      Promise.all(ids.map((workflowId) => server.client.workflow.execute('probe', { taskQueue: 'probe', workflowId }))),
    );
    await connection.close();
    expect([...traces.keys()].sort()).toEqual([...ids].sort());
    expect([...traces.values()].map((own) => own.size)).toEqual(ids.map(() => 1));
    expect(new Set([...traces.values()].flatMap((own) => [...own])).size).toBe(ids.length);
  });
});
