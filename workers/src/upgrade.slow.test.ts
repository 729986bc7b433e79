import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import type { LifecycleResult } from '@livepod/workflows';
import { round } from '@livepod/workflows/testing/rehearsal';
import { World } from '@livepod/workflows/testing/world';
import { changedBundle } from '../test/changedBundle.js';
import { Troupe, type Player } from '../test/troupe.js';
import { workflowBundle } from './bundle.js';
import { Deployment, DEPLOYMENTS } from './deployments.js';
import { noSinks } from './traces.js';

const world = new World();
let sweeping = false;
let troupe: Troupe;
let deployment: Deployment;
let present: string;
let changed: string;
let orchestrator: Player;

/** Another order of commands, a timer before all others: what began on the present code cannot go on with it. */
const INPUT = '  const round = read.value;\n';
const CHANGES = [
  { file: 'lifecycle.ts', from: 'import ', to: "import { sleep as rest } from '@temporalio/workflow';\nimport " },
  { file: 'lifecycle.ts', from: INPUT, to: `${INPUT}  await rest(1);\n` },
];

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  world.looks = Infinity;
  troupe = await Troupe.open({
    activities: () => ({
      ...world.activities(),
      'treasury.sweep': async () => {
        sweeping = true;
        if (world.looks === Infinity)
          throw ApplicationFailure.create({ type: 'busy', message: 'The treasury is busy', nextRetryDelay: 300 });
        return { settled: [], refunded: [] };
      },
    }),
  });
  deployment = new Deployment(troupe.client.connection, 'livepod', DEPLOYMENTS.orchestrator);
  present = (await workflowBundle('orchestrator')).code;
  changed = await changedBundle('orchestrator', CHANGES);
  [orchestrator] = await Promise.all([troupe.start('orchestrator', { code: present }), troupe.start('provider')]);
});
afterAll(() => troupe?.close());

describe('an upgrade in the middle of lifecycles, and back', () => {
  it('leaves runs on the build that they began on, begins new ones on the new one, and moves watchers', async () => {
    const first = orchestrator.buildId;
    await begun('before');
    await troupe.client.workflow.start('treasuryWatch', { taskQueue: 'orchestrator', workflowId: 'watch', args: [{}] });
    await until(() => sweeping);

    const second = await upgradeTo(changed);
    expect(second).not.toBe(first);
    await begun('between');

    expect(await upgradeTo(present)).toBe(first);
    await begun('after');

    const third = await upgradeTo(changed);
    expect(third).toBe(second);
    expect(await builds()).toEqual({ [first]: 'draining', [second]: 'current' });
    world.looks = 0;

    for (const [name, build] of [
      ['before', first],
      ['between', second],
      ['after', first],
    ] as const) {
      expect(await result(name)).toMatchObject({ outcome: 'completed' });
      expect(await buildsOf(`lifecycle-${name}`)).toEqual([build]);
      expect(await buildsOf(`lifecycle-${name}-rollout`)).toEqual([build]);
    }
    await troupe.client.workflow.getHandle('watch').result();
    expect(await buildsOf('watch')).toEqual([first, second, first, second]);
  });

  it('would have broken what began before, had its code been replaced', async () => {
    const history = await troupe.client.workflow.getHandle('lifecycle-before').fetchHistory();
    await Worker.runReplayHistory({ workflowBundle: { code: present }, sinks: noSinks }, history, 'lifecycle-before');
    await expect(
      Worker.runReplayHistory({ workflowBundle: { code: changed }, sinks: noSinks }, history, 'lifecycle-before'),
    ).rejects.toThrow(/[Nn]ondeterminism/);
  });

  it('waits for an operator where LIVEPOD_DEPLOY is manual', async () => {
    const before = orchestrator.buildId;
    await orchestrator.stop();
    orchestrator = await troupe.start('orchestrator', { code: present, env: { LIVEPOD_DEPLOY: 'manual' } });
    await begun('manual-before');
    expect(await result('manual-before')).toMatchObject({ outcome: 'completed' });
    expect(await buildsOf('lifecycle-manual-before')).toEqual([before]);

    expect(await deployment.makeCurrent(orchestrator.buildId)).toBe(before);
    await begun('manual-after');
    expect(await result('manual-after')).toMatchObject({ outcome: 'completed' });
    expect(await buildsOf('lifecycle-manual-after')).toEqual([orchestrator.buildId]);
  });

  it('refuses a build that has no workers, in a sentence', async () => {
    await expect(deployment.makeCurrent('0123456789abcdef')).rejects.toThrow(
      /has no workers of build 0123456789abcdef/,
    );
  });
});

async function begun(name: string): Promise<void> {
  await troupe.client.workflow.start('lifecycle', {
    taskQueue: 'orchestrator',
    workflowId: `lifecycle-${name}`,
    args: [round(name, { datasets: [round(name).datasets![0]!] })],
  });
  if (world.looks === Infinity)
    await until(
      async () =>
        (
          await troupe.client.workflow
            .getHandle(`lifecycle-${name}-intake-11111111`)
            .describe()
            .catch(() => undefined)
        )?.raw.pendingActivities?.length === 1,
    );
}

const result = (name: string): Promise<LifecycleResult> =>
  troupe.client.workflow.getHandle(`lifecycle-${name}`).result() as Promise<LifecycleResult>;

async function upgradeTo(code: string): Promise<string> {
  expect(await orchestrator.stop()).toBe(0);
  orchestrator = await troupe.start('orchestrator', { code });
  return orchestrator.buildId;
}

async function builds(): Promise<Record<string, string>> {
  return Object.fromEntries((await deployment.builds()).map(({ buildId, state }) => [buildId, state]));
}

/** The builds that carried out a run's workflow tasks, in order. */
async function buildsOf(workflowId: string): Promise<string[]> {
  const { events } = await troupe.client.workflow.getHandle(workflowId).fetchHistory();
  const tasks = events!.flatMap(
    ({ workflowTaskCompletedEventAttributes: task }) => task?.deploymentVersion?.buildId ?? [],
  );
  return tasks.filter((build, index) => build !== tasks[index - 1]);
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(100);
}
