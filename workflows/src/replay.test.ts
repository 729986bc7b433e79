import { readdir, readFile } from 'node:fs/promises';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { workflowBundle } from '@livepod/workers';
import { changedBundle } from '@livepod/workers/testing/changedBundle';
import { recordedHistories, type Recorded } from '../test/histories.js';
import { changesRecorded, replay, withoutHistory, type Bundles } from '../test/replay.js';

const here = new URL('./', import.meta.url);
let recorded: Recorded[];
let present: Bundles;

beforeAll(async () => {
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { forward: {}, filter: 'OFF' } },
  });
  recorded = await recordedHistories();
  present = { orchestrator: await workflowBundle('orchestrator'), provider: await workflowBundle('provider') };
});

describe('the workflows', () => {
  it('replay every recorded run of every version', async () => {
    expect(await replay(present, recorded)).toEqual([]);
  });

  it('have each at least one recorded run', () => {
    expect(withoutHistory(recorded)).toEqual([]);
  });

  it('have a recorded run that has gone the new way of each of their changes', async () => {
    const sources = (await readdir(here)).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'));
    const texts = await Promise.all(sources.map((name) => readFile(new URL(name, here), 'utf8')));
    const changes = texts.flatMap((text) => [...text.matchAll(/patched\('([\w-]+)'\)/g)].map(([, change]) => change!));
    const gone = changesRecorded(recorded);
    expect(changes.length).toBeGreaterThan(10);
    expect(changes.filter((change) => !gone.has(change))).toEqual([]);
  });
});

describe('the replay', () => {
  it('fails on a changed order of steps, and says which workflow and what to do', async () => {
    const step = '    const measured = await evaluation.measure(';
    const changed = await changedBundle('orchestrator', [
      { file: 'checkpointReview.ts', from: step, to: `    await governance.withdraw({ clientRefs: [] });\n${step}` },
    ]);
    const broken = await replay(
      { ...present, orchestrator: { code: changed } },
      recorded.filter(({ type }) => type === 'checkpointReview'),
    );
    expect(broken.length).toBeGreaterThan(0);
    expect(broken[0]).toMatch(
      /^checkpointReview no longer replays lifecycle-[\w-]*review of version 1: .*patched\('…'\)/,
    );
  });

  it('fails where a workflow that ran is gone', async () => {
    expect(await replay(present, [{ version: 1, workflowId: 'x', type: 'formerWorkflow', history: {} }])).toEqual([
      expect.stringMatching(/^formerWorkflow is gone, but version 1 ran it/),
    ]);
  });

  it('misses a workflow without a history', () => {
    expect(withoutHistory(recorded.filter(({ type }) => type !== 'modelRollout'))).toEqual(
      expect.arrayContaining([expect.stringMatching(/^modelRollout has no recorded history: run npm run histories/)]),
    );
  });
});
