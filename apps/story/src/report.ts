import { WorkflowNotFoundError } from '@temporalio/client';
import { connect, type Clients } from '@livepod/client';
import { PAGE_LIMIT } from '@livepod/protocol';
import type { LifecycleResult } from '@livepod/workflows';
import type { Theatre } from './chapters/chapter.js';
import { balances } from './chapters/dao.js';
import { insist, until } from './patience.js';

/** What `npm start -- --report FILE` writes. */
export interface Report {
  outcome: 'ok' | 'failed';
  why?: string;
  data: string;
  /** How long it took to tell, over all starts that it took. */
  seconds: number;
  stages: { name: string; workflowId: string; seconds: number; events: number; outcome: string }[];
  datasets: {
    id: string;
    contributor: string;
    store: 'bucket' | 's3';
    decision: 'accepted' | 'rejected' | 'refused';
  }[];
  models: {
    version: number;
    checkpoint: string;
    parent: string | null;
    /** Values by the names of the task's figures. */
    holdout: Record<string, number> | null;
    decision: string;
  }[];
  releases: { id: number; version: number; waves: number[]; exposedPods: number; outcome: string }[];
  pods: { id: string; name: string; history: { version: number; at: string; why: string }[]; final: number }[];
  ledger: { before: Record<string, string>; after: Record<string, string> };
}

/** Gathers the report from where each fact is kept: Temporal, the canisters, the pods. */
export async function reportOf(theatre: Theatre, failure?: Error): Promise<Report> {
  const clients = await connect(theatre.network);
  const [stages, models, releases, pods, after] = await Promise.all([
    theatre.memory.told.stages ?? stagesOf(theatre),
    modelsOf(clients),
    insist('the list of releases', () => clients.fleet.list_releases({ after: [], limit: PAGE_LIMIT })),
    theatre.pods.status(),
    balances(theatre),
  ]);
  return {
    outcome: failure ? 'failed' : 'ok',
    ...(failure ? { why: failure.message } : {}),
    data: theatre.memory.told.data ?? theatre.recordings.name,
    seconds: theatre.memory.told.seconds ?? 0,
    stages,
    datasets: datasetsOf(theatre),
    models,
    releases: releases.map((release) => ({
      id: Number(release.id),
      version: release.version,
      waves: [...release.plan.waves],
      exposedPods: release.exposed,
      outcome: Object.keys(release.state)[0]!,
    })),
    pods: pods.map(({ id, name, history, version }) => ({ id, name, history, final: version })),
    ledger: { before: theatre.memory.told.ledgerBefore ?? {}, after },
  };
}

/** The three lifecycles, their child workflows, and the rollbacks, in the order in which they began. */
async function stagesOf({ temporal, memory }: Theatre): Promise<Report['stages']> {
  const stages: (Report['stages'][number] & { began: number })[] = [];
  for (const workflowId of Object.keys(memory.told.results)) {
    const executions = await until(
      `the executions of ${workflowId}`,
      async () => {
        const found = [];
        for await (const execution of temporal.workflow.list({
          query: `WorkflowId = "${workflowId}" OR ParentWorkflowId = "${workflowId}"`,
        }))
          found.push(execution);
        return found.some((execution) => execution.workflowId === workflowId) ? found : undefined;
      },
      60,
    );
    for (const { workflowId: id } of executions) {
      try {
        const { type, startTime, closeTime, historyLength, status } = await temporal.workflow.getHandle(id).describe();
        stages.push({
          name: type,
          workflowId: id,
          seconds: ((closeTime ?? new Date()).getTime() - startTime.getTime()) / 1000,
          events: historyLength,
          outcome: status.name.toLowerCase(),
          began: startTime.getTime(),
        });
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      }
    }
  }
  return stages
    .sort((a, b) => a.began - b.began)
    .map(({ name, workflowId, seconds, events, outcome }) => ({ name, workflowId, seconds, events, outcome }));
}

function datasetsOf({ memory }: Theatre): Report['datasets'] {
  const rounds = Object.values(memory.told.results).filter((result): result is LifecycleResult =>
    Array.isArray((result as LifecycleResult).datasets),
  );
  const decisions = new Map(
    rounds.flatMap((round) => round.datasets.map((dataset) => [dataset.id, dataset.decision] as const)),
  );
  const registered = Object.values(memory.told.datasets).map((dataset) => ({
    ...dataset,
    decision: decisions.get(dataset.id) ?? ('rejected' as const),
  }));
  const { refused } = memory.told;
  return refused
    ? [
        ...registered,
        { id: refused.id, contributor: refused.contributor, store: refused.store, decision: 'refused' as const },
      ]
    : registered;
}

async function modelsOf(clients: Clients): Promise<Report['models']> {
  const checkpoints = await insist('the list of checkpoints', () =>
    clients.models.list_checkpoints({ after: [], limit: PAGE_LIMIT, state: [] }),
  );
  return checkpoints
    .map((checkpoint) => ({
      version: checkpoint.version[0] ?? 0,
      checkpoint: checkpoint.id,
      parent: checkpoint.parent[0] ?? null,
      holdout:
        checkpoint.figures.length === 0
          ? null
          : Object.fromEntries(checkpoint.figures.map(({ name, value }) => [name, Number(value)])),
      decision: 'official' in checkpoint.state ? 'adopted' : Object.keys(checkpoint.state)[0]!,
    }))
    .sort((a, b) => a.version - b.version);
}
