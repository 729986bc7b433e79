import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  acceptShare,
  converter,
  decoded,
  failureConverterPath,
  newRing,
  share,
  writeRing,
  type LivepodCodec,
} from '@livepod/codec';
import { sha256, signOperatorToken, utf8, type Asked, type OperatorAction, type Plan } from '@livepod/protocol';
import { WorkflowRunOperationHandler, startWorkflow } from '@temporalio/nexus';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { Client } from '@temporalio/client';
import { serviceHandler } from 'nexus-rpc';
import { searchAttributes, stateQuery, trainingService, type LifecycleInput } from '../src/index.js';
import { id, World } from './world.js';

const source = (name: string): string => fileURLToPath(new URL(`../src/${name}.ts`, import.meta.url));
const server = fileURLToPath(new URL('../../.cache/bin/temporal', import.meta.url));
/** Three waves, so that a test sees each; a world decides how long they soak. */
const PLAN: Plan = {
  waves: [1, 3, 6],
  soakSeconds: 8,
  gate: { minWindows: 40, maxCorrectionPermille: 250, maxErrors: 0 },
};

export const round = (name: string, more: Partial<LifecycleInput> = {}): LifecycleInput => ({
  round: name,
  provider: 'provider-1',
  recipe: id('e'),
  datasets: [id('1'), id('2')],
  holdSeconds: 0,
  plan: PLAN,
  ...more,
});

const HOUR = 3_600_000_000_000n;

/**
 * A real Temporal server with our namespace and a provider's, a Nexus endpoint between them, a worker for every queue,
 * and each side's keys.
 */
export class Rehearsal {
  world = new World();
  private workers: Worker[] = [];
  private running: Promise<void>[] = [];

  private constructor(
    readonly environment: TestWorkflowEnvironment,
    private readonly keys: ReturnType<typeof keyRings>,
    readonly bundles: { orchestrator: { code: string }; provider: { code: string } },
  ) {}

  static async open(): Promise<Rehearsal> {
    Runtime.install({ logger: new DefaultLogger('ERROR') });
    const keys = keyRings();
    const [environment, orchestrator, provider] = await Promise.all([
      TestWorkflowEnvironment.createLocal({
        client: { dataConverter: keys.ours },
        server: {
          executable: { type: 'existing-path', path: server },
          namespace: 'livepod',
          searchAttributes: Object.values(searchAttributes),
          log: { level: 'error', format: 'pretty' },
        },
      }),
      bundleWorkflowCode({
        workflowsPath: source('orchestrator'),
        workflowInterceptorModules: [source('clearArguments')],
        failureConverterPath,
        logger: new DefaultLogger('ERROR'),
      }),
      bundleWorkflowCode({
        workflowsPath: source('provider'),
        workflowInterceptorModules: [source('clearArguments')],
        failureConverterPath,
        logger: new DefaultLogger('ERROR'),
      }),
    ]);
    const rehearsal = new Rehearsal(environment, keys, { orchestrator, provider });
    await rehearsal.openProvider();
    await rehearsal.openWorkers();
    return rehearsal;
  }

  private async openProvider(): Promise<void> {
    const { connection } = this.environment;
    await connection.workflowService.registerNamespace({
      namespace: 'provider-1',
      workflowExecutionRetentionPeriod: { seconds: 86400 as never },
    });
    // A new namespace is known everywhere in the server after some seconds.
    for (let known = false; !known;) {
      known = await connection.operatorService.listSearchAttributes({ namespace: 'provider-1' }).then(
        () => true,
        () => new Promise<boolean>((resolve) => setTimeout(resolve, 200, false)),
      );
    }
    await connection.operatorService.createNexusEndpoint({
      spec: { name: 'provider-1', target: { worker: { namespace: 'provider-1', taskQueue: 'provider' } } },
    });
  }

  get client() {
    return this.environment.client.workflow;
  }

  /** Workers on every queue; their activities are those of the world that was last put on rehearsal. */
  private async openWorkers(): Promise<void> {
    const activities = Object.fromEntries(
      Object.keys(this.world.activities()).map((name) => [
        name,
        (...args: never[]) => this.world.activities()[name]!(...args),
      ]),
    );
    const connection = this.environment.nativeConnection;
    const ours = {
      connection,
      namespace: 'livepod',
      activities,
      identity: 'rehearsal',
      dataConverter: this.keys.ofOurWorkers,
    };
    const theirs = {
      connection,
      namespace: 'provider-1',
      activities,
      identity: 'rehearsal',
      dataConverter: this.keys.ofTheirWorkers,
    };
    this.workers = await Promise.all([
      Worker.create({ ...ours, ...versioned, taskQueue: 'orchestrator', workflowBundle: this.bundles.orchestrator }),
      Worker.create({ ...ours, ...versioned, taskQueue: 'rollback', workflowBundle: this.bundles.orchestrator }),
      Worker.create({ ...ours, taskQueue: 'evaluation' }),
      Worker.create({
        ...theirs,
        taskQueue: 'provider',
        workflowBundle: this.bundles.provider,
        nexusServices: [nexus(() => this.world)],
      }),
      Worker.create({ ...theirs, taskQueue: 'provider-host' }),
    ]);
    this.running = this.workers.map((worker) => worker.run());
    for (let current = false; !current;) {
      current = await this.environment.connection.workflowService
        .setWorkerDeploymentCurrentVersion({
          namespace: 'livepod',
          identity: 'rehearsal',
          ...versioned.workerDeploymentOptions.version,
        })
        .then(
          () => true,
          () => new Promise<boolean>((resolve) => setTimeout(resolve, 200, false)),
        );
    }
  }

  start(workflow: string, workflowId: string, input: unknown, taskQueue = 'orchestrator') {
    return this.client.start(workflow, { taskQueue, workflowId, args: [input] });
  }

  /** A token for an update of a workflow as both stand now, but for what is changed. */
  async sign(workflowId: string, action: OperatorAction, change: Partial<Asked> = {}): Promise<{ token: string }> {
    const { signs } = await this.client.getHandle(workflowId).query(stateQuery);
    const { object, state } = { object: 'workflow', state: 'over/0', ...signs[action], ...change };
    const token = signOperatorToken(sha256(utf8('operator')), {
      ...{ action, workflow: workflowId, object, state: this.world.stateOf(object) ?? state, ...change },
      audience: 'aaaaa-aa',
      notBefore: 0n,
      expires: HOUR,
      nonce: randomBytes(16),
    });
    return { token };
  }

  async events(workflowId: string): Promise<number> {
    return (await this.client.getHandle(workflowId).fetchHistory()).events!.length;
  }

  /** What a run asked others to do: activities, children, operations. */
  async steps(workflowId: string): Promise<string[]> {
    const { events } = await this.client.getHandle(workflowId).fetchHistory();
    return events!.flatMap(
      (event) =>
        event.activityTaskScheduledEventAttributes?.activityType?.name ??
        event.startChildWorkflowExecutionInitiatedEventAttributes?.workflowType?.name ??
        event.nexusOperationScheduledEventAttributes?.operation ??
        [],
    );
  }

  /** As somebody who reaches the server and has no key; what comes back is shown in clear all the same. */
  inClear(): Client {
    const [codec] = this.keys.ours.payloadCodecs!;
    return new Client({
      connection: this.environment.connection,
      namespace: 'livepod',
      dataConverter: {
        failureConverterPath,
        payloadCodecs: [{ encode: async (payloads) => payloads, decode: (...given) => codec!.decode(...given) }],
      },
    });
  }

  inProviderNamespace(): Client {
    return new Client({
      connection: this.environment.connection,
      namespace: 'provider-1',
      dataConverter: this.keys.theirs,
    });
  }

  /** A history as the workflow saw it: in clear. */
  async history(workflowId: string) {
    return decoded(
      await this.client.getHandle(workflowId).fetchHistory(),
      this.keys.ours.payloadCodecs![0] as LivepodCodec,
    );
  }

  async close(): Promise<void> {
    for (const worker of this.workers) worker.shutdown();
    await Promise.all(this.running);
    await this.environment.teardown();
    await rm(this.keys.folder, { recursive: true });
  }
}

/** As in the field: a workflow that says how it moves between builds runs on a worker with versions only. */
const versioned = {
  workerDeploymentOptions: {
    version: { deploymentName: 'rehearsal', buildId: '1' },
    useWorkerVersioning: true,
    defaultVersioningBehavior: 'PINNED',
  },
} as const;

/** Ours, the provider's, and the key that they share. */
function keyRings() {
  const folder = mkdtempSync(join(tmpdir(), 'livepod-keys-'));
  const [ours, theirs] = [join(folder, 'ours.json'), join(folder, 'theirs.json')] as const;
  writeRing(ours, newRing('livepod'));
  writeRing(theirs, newRing('provider-1'));
  acceptShare(theirs, share(ours, 'provider-1'));
  return {
    folder,
    ours: converter(ours),
    theirs: converter(theirs),
    ofOurWorkers: converter(ours, true),
    ofTheirWorkers: converter(theirs, true),
  };
}

const nexus = (world: () => World) =>
  serviceHandler(trainingService, {
    progress: async () => world().progress,
    requestAccess: new WorkflowRunOperationHandler(
      (ctx, input) =>
        startWorkflow(ctx, 'accessRequest', {
          workflowId: `access-request-${input.round}-${input.attempt ?? 1}`,
          args: [input],
        }) as never,
    ),
    giveUp: new WorkflowRunOperationHandler(
      (ctx, input) =>
        startWorkflow(ctx, 'accessGivenUp', {
          workflowId: `access-given-up-${input.round}-${input.attempt ?? 1}`,
          args: [input],
        }) as never,
    ),
    train: new WorkflowRunOperationHandler(
      (ctx, input) =>
        startWorkflow(ctx, 'trainingJob', {
          workflowId: `training-job-${input.job}-${ctx.requestId}`,
          args: [input],
        }) as never,
    ),
  });
