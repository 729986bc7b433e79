import { readFile } from 'node:fs/promises';
import { readNetwork } from '@livepod/client';
import { timelineQuery } from '@livepod/workflows';
import { WorkflowFailedError, type Client, type WorkflowHandle } from '@temporalio/client';
import { Option, type Command } from 'commander';
import { WorkerError } from '../errors.js';
import { connectClient, keysFor } from '../temporal.js';
import { addDeploy } from './deploy.js';

const WORKFLOWS: Record<string, { queue: string; id: (input: Record<string, unknown>) => string }> = {
  lifecycle: { queue: 'orchestrator', id: ({ round }) => `lifecycle-${round}` },
  datasetIntake: { queue: 'orchestrator', id: ({ round }) => `intake-${round}` },
  trainingRound: { queue: 'orchestrator', id: ({ round }) => `training-${round}` },
  checkpointReview: { queue: 'orchestrator', id: ({ round }) => `review-${round}` },
  modelRollout: { queue: 'orchestrator', id: ({ release }) => `rollout-${release}` },
  modelRollback: { queue: 'rollback', id: ({ channel, ref }) => `rollback-${channel}-${ref}` },
  treasuryWatch: { queue: 'orchestrator', id: () => 'treasury-watch-by-hand' },
};

const networkOption = new Option('--network <file>', 'network.json').env('LIVEPOD_NETWORK').makeOptionMandatory();

export function addOps(program: Command): void {
  const ops = program.command('ops').description('start and watch workflows');
  addDeploy(ops);
  ops
    .command('start')
    .description(`start a workflow: ${Object.keys(WORKFLOWS).join(', ')}`)
    .argument('<workflow>')
    .argument('<input>', 'JSON, or a file that holds it')
    .option('--id <id>', 'workflow id, instead of the usual one')
    .option('--watch', 'follow it until it ends')
    .addOption(networkOption)
    .action(async (workflow: string, text: string, options: { id?: string; watch?: boolean; network: string }) => {
      const known = WORKFLOWS[workflow];
      if (!known) throw new WorkerError('badArguments', { workflow }, `There is no workflow ${workflow}; there is ${Object.keys(WORKFLOWS).join(', ')}.`);
      const input = await jsonOf(text);
      await withTemporal(options.network, async (client, link) => {
        const handle = await client.workflow.start(workflow, { taskQueue: known.queue, workflowId: options.id ?? known.id(input), args: [input] });
        process.stdout.write(`${JSON.stringify({ workflowId: handle.workflowId, link: link(handle.workflowId) })}\n`);
        if (options.watch) await watch(handle);
      });
    });
  ops
    .command('watch')
    .description('follow a workflow until it ends, and print its result')
    .argument('<workflowId>')
    .addOption(networkOption)
    .action((workflowId: string, { network }: { network: string }) => withTemporal(network, (client) => watch(client.workflow.getHandle(workflowId))));
}

/** Prints the timeline as it grows, then the result. */
async function watch(handle: WorkflowHandle): Promise<void> {
  let shown = 0;
  const tell = async (): Promise<void> => {
    const lines = await handle.query(timelineQuery).catch(() => []);
    for (const { at, text } of lines.slice(shown)) process.stderr.write(`${at.slice(11, 19)} ${text}\n`);
    shown = Math.max(shown, lines.length);
  };
  const timer = setInterval(() => void tell(), 1000);
  try {
    const result: unknown = await handle.result();
    await tell();
    process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    await tell();
    throw new WorkerError('workflowFailed', { workflowId: handle.workflowId }, `${handle.workflowId} failed: ${error.cause?.message ?? error.message}`, { cause: error });
  } finally {
    clearInterval(timer);
  }
}

async function withTemporal(networkFile: string, work: (client: Client, link: (workflowId: string) => string) => Promise<void>): Promise<void> {
  const { temporal } = readNetwork(networkFile);
  if (!temporal) throw new WorkerError('badConfiguration', {}, `${networkFile} names no Temporal server; start the stack again.`);
  const client = await connectClient(temporal, { keys: keysFor(networkFile) });
  try {
    await work(client, (id) => `${temporal.uiUrl ?? ''}/namespaces/${temporal.namespace}/workflows/${id}`);
  } finally {
    await client.connection.close();
  }
}

async function jsonOf(text: string): Promise<Record<string, unknown>> {
  const source = text.trimStart().startsWith('{') ? text : await readFile(text, 'utf8');
  try {
    return JSON.parse(source) as Record<string, unknown>;
  } catch (cause) {
    throw new WorkerError('badArguments', {}, `The input is not JSON (${(cause as Error).message}); give one object, such as {"round": "round-1", …}.`, { cause });
  }
}
