import { setTimeout as sleep } from 'node:timers/promises';
import { status as grpc } from '@grpc/grpc-js';
import { isGrpcServiceError, type ConnectionLike } from '@temporalio/client';
import { WorkerError } from './errors.js';

/**
 * The names under which the builds of our workflow code are known to Temporal. Queues that are not of a deployment have
 * no versions.
 */
export const DEPLOYMENTS = { orchestrator: 'livepod-orchestrator', provider: 'livepod-provider' } as const;

export interface DeployedBuild {
  buildId: string;
  /**
   * `draining`: new runs begin elsewhere, but pinned ones are open. `drained`: nothing needs it, as far as the server
   * has counted.
   */
  state: 'current' | 'ramping' | 'draining' | 'drained' | 'inactive';
  /** When the server saw it first. */
  since: Date | null;
}

const DRAINING = 1;
const DRAINED = 2;

/** One deployment as the server sees it: which build new runs begin on, and what the others are still needed for. */
export class Deployment {
  constructor(
    private readonly connection: ConnectionLike,
    readonly namespace: string,
    readonly name: string,
  ) {}

  /** Every build that the server knows, newest first; none before a worker of this deployment has polled. */
  async builds(): Promise<DeployedBuild[]> {
    const { namespace, name: deploymentName } = this;
    let info;
    try {
      info = (await this.connection.workflowService.describeWorkerDeployment({ namespace, deploymentName }))
        .workerDeploymentInfo;
    } catch (error) {
      if (isGrpcServiceError(error) && error.code === grpc.NOT_FOUND) return [];
      throw error;
    }
    const current = info?.routingConfig?.currentDeploymentVersion?.buildId;
    const ramping = info?.routingConfig?.rampingDeploymentVersion?.buildId;
    return (info?.versionSummaries ?? [])
      .map(({ deploymentVersion, drainageStatus, createTime }) => {
        const buildId = deploymentVersion?.buildId ?? '';
        const left = drainageStatus === DRAINING ? 'draining' : drainageStatus === DRAINED ? 'drained' : 'inactive';
        return {
          buildId,
          state: buildId === current ? 'current' : buildId === ramping ? 'ramping' : left,
          since: createTime?.seconds ? new Date(Number(createTime.seconds) * 1000) : null,
        } as const;
      })
      .sort((a, b) => Number(b.since) - Number(a.since));
  }

  /** How many open runs are pinned to a build, as far as visibility knows. */
  async openRuns(buildId: string): Promise<number> {
    const query =
      `TemporalWorkerDeploymentVersion = "${this.name}:${buildId}" AND TemporalWorkflowVersioningBehavior = ` +
      '"Pinned" AND ExecutionStatus = "Running"';
    return Number(
      (await this.connection.workflowService.countWorkflowExecutions({ namespace: this.namespace, query })).count,
    );
  }

  /**
   * Lets new runs begin on a build, and lets those that are not pinned move to it. A repeat changes nothing.
   *
   * @param patience  milliseconds to wait for the build's first worker to be known
   * @returns the build that was current before; null when there was none
   * @throws WorkerError `unknownBuild`
   */
  async makeCurrent(buildId: string, patience = 0): Promise<string | null> {
    const { namespace, name: deploymentName } = this;
    const before = (await this.builds()).find(({ state }) => state === 'current')?.buildId ?? null;
    if (before === buildId) return before;
    for (const until = Date.now() + patience; ; await sleep(100)) {
      try {
        await this.connection.workflowService.setWorkerDeploymentCurrentVersion({
          namespace,
          deploymentName,
          buildId,
          identity: `livepod@${process.pid}`,
        });
        return before;
      } catch (error) {
        const notYet =
          isGrpcServiceError(error) && (error.code === grpc.NOT_FOUND || error.code === grpc.FAILED_PRECONDITION);
        if (!notYet) throw error;
        if (Date.now() > until) {
          throw new WorkerError(
            'unknownBuild',
            { deployment: deploymentName, buildId },
            `${deploymentName} has no workers of build ${buildId} on all of its queues (${error.details}); ` +
              'start one, and see livepod ops deploy list.',
            { cause: error },
          );
        }
      }
    }
  }
}
