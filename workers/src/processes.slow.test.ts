import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { LifecycleResult } from '@livepod/workflows';
import { Rig, TINY, until } from '../test/rig.js';

let rig: Rig;
beforeAll(async () => void (rig = await Rig.open()));
afterAll(() => rig?.close());

describe('the three worker processes', () => {
  it('run a round on real canisters, though orchestrator and provider are killed while training', async () => {
    const datasets = await Promise.all([
      rig.contributed('contributor-1', 0),
      rig.contributed('contributor-2', 1, { store: 's3' }),
    ]);
    const handle = await rig.client.workflow.start('lifecycle', {
      taskQueue: 'orchestrator',
      workflowId: 'lifecycle-killed',
      args: [
        {
          ...TINY,
          round: 'killed',
          recipe: rig.chain.recipe,
          datasets,
          arguments: { epochs: 15, windowsPerEpoch: 1024, batch: 16, filters: 8 },
          plan: { ...TINY.plan, soakSeconds: 1 },
        },
      ],
    });

    const job = async () => (await rig.chain.as('operator')).access.get_job(1n);
    const ended = handle.result().then((early) => {
      throw new Error(`The round ended before it was disturbed: ${JSON.stringify(early)}`);
    });
    await Promise.race([
      ended,
      until(async () => (await readdir(join(rig.scratch, '1', 'epochs'))).includes('resume.bin')),
    ]);
    ended.catch(() => {});
    rig.signal('provider', 'SIGKILL');
    rig.signal('orchestrator', 'SIGKILL');
    expect('granted' in (await job())!.state).toBe(true);
    await Promise.all([rig.start('orchestrator'), rig.start('provider')]);

    const result = (await handle.result()) as LifecycleResult;
    expect(result).toMatchObject({ decision: 'adopted', version: 1, job: 1 });
    expect(Number(result.evaluation!.accuracy)).toBeGreaterThan(0.8);
    expect('completed' in (await job())!.state).toBe(true);
    // One use of three: after the kill the same release was asked for again.
    expect(
      (await (await rig.chain.as('operator')).access.list_grants({ job: 1n })).map((grant) => grant.uses_left),
    ).toEqual([2, 2]);
    expect(await readdir(rig.scratch)).toEqual([]);
  });

  it('end in order when they are asked to', async () => {
    for (const name of ['orchestrator', 'provider', 'evaluator'] as const) expect(await rig.stop(name)).toBe(0);
  });
});
