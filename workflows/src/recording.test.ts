import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Payload } from '@temporalio/common';
import { presentable, type Run } from '../test/recording.js';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const plain = (value: unknown): Payload => ({
  metadata: { encoding: utf8('json/plain') },
  data: utf8(JSON.stringify(value)),
});
const root = fileURLToPath(new URL('../../', import.meta.url));

/** Stands for the real codec: what it has sealed is told by its encoding. */
const codec = {
  encode: async (payloads: Payload[]) => payloads,
  decode: async (payloads: Payload[]) =>
    payloads.map((payload) => (payload.metadata?.['sealed'] ? plain('opened') : payload)),
};
const run = (events: unknown[]): Run => ({
  type: 'lifecycle',
  workflowId: 'lifecycle-x',
  status: 'COMPLETED',
  codecs: [codec],
  history: { events } as Run['history'],
});
const written = async (events: unknown[], secrets: string[] = []): Promise<string> =>
  JSON.stringify(await presentable(run(events), secrets), (_, value: unknown) =>
    value instanceof Uint8Array ? new TextDecoder().decode(value) : value,
  );

describe('a history that is kept', () => {
  it('has its payloads decoded', async () => {
    expect(
      await written([
        { input: { payloads: [{ metadata: { encoding: utf8('binary/x'), sealed: utf8('1') }, data: utf8('…') }] } },
      ]),
    ).toMatch(/"\\"opened\\""/);
  });

  it('names no machine, process, folder or port', async () => {
    const text = await written([
      {
        identity: `77@${hostname()}`,
        taskQueue: { name: `77@${hostname()}-orchestrator-1234` },
        failure: { message: `at ${root}workers/src/x.ts, http://127.0.0.1:9123`, stackTrace: 'at somewhere' },
        result: { payloads: [plain({ host: `provider-${hostname()}-0a1b2c3d` })] },
      },
    ]);
    expect(text).toBe(
      JSON.stringify({
        events: [
          {
            identity: '',
            taskQueue: { name: '0@host-orchestrator-1234' },
            failure: { message: 'at workers/src/x.ts, http://127.0.0.1:1', stackTrace: '' },
            result: { payloads: [{ metadata: { encoding: 'json/plain' }, data: '{"host":"provider-host"}' }] },
          },
        ],
      }),
    );
  });

  it('is not written with a secret in it, and says of which run', async () => {
    await expect(written([{ input: { payloads: [plain({ seed: 'f00dfeed' })] } }], ['f00dfeed'])).rejects.toThrow(
      'The history of lifecycle-x holds a secret, and is not written.',
    );
  });

  it('is not written with a presigned URL in it', async () => {
    await expect(written([{ message: 'https://s3/x?X-Amz-Signature=1' }])).rejects.toThrow(/X-Amz-Signature/);
  });
});
