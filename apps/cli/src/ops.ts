import { readNetwork } from '@livepod/client/node';
import { OPERATIONS, OPERATOR_ACTIONS } from '@livepod/protocol';
import { timelineQuery } from '@livepod/workflows';
import { WorkflowFailedError, WorkflowUpdateFailedError, type WorkflowHandle } from '@temporalio/client';
import type { Command } from 'commander';
import { CliError } from './errors.js';
import { operatorSeed, operatorToken, placeOf, STARTABLE, startable, uiPage, withTemporal } from './operating/index.js';
import type { TemporalClient } from '@livepod/workers/temporal';
import { addDeploy } from './deploy.js';
import { addLinks } from './links.js';
import { jsonOf, networkOption, operatorOption } from './options.js';
import { addSchedule } from './schedule.js';

export function addOps(program: Command): void {
  const ops = program.command('ops').description('start, watch and steer workflows');
  addStart(ops);
  addSteering(ops);
  addLinks(ops);
  addSchedule(ops);
  addDeploy(ops);
}

function addStart(ops: Command): void {
  ops
    .command('start')
    .description(`start a workflow: ${STARTABLE.map(({ type }) => type).join(', ')}`)
    .argument('<workflow>')
    .argument('<input>', 'JSON, or a file that holds it')
    .option('--id <id>', 'workflow id, instead of the usual one')
    .option('--watch', 'follow it until it ends')
    .addOption(networkOption())
    .action(async (workflow: string, text: string, options: { id?: string; watch?: boolean; network: string }) => {
      const known = startable(workflow);
      if (!known)
        throw new CliError(
          'badArguments',
          { workflow },
          `There is no workflow ${workflow}; there is ${STARTABLE.map(({ type }) => type).join(', ')}.`,
        );
      const input = await jsonOf(text);
      await connected(options.network, async (client, link) => {
        const handle = await client.workflow.start(workflow, {
          taskQueue: known.queue,
          workflowId: options.id ?? known.id(input),
          args: [input],
        });
        print({ workflowId: handle.workflowId, link: link(handle.workflowId) });
        if (options.watch) await watch(handle);
      });
    });
  ops
    .command('watch')
    .description('follow a workflow until it ends, and print its result')
    .argument('<workflowId>')
    .addOption(networkOption())
    .action((workflowId: string, { network }: { network: string }) =>
      connected(network, (client) => watch(client.workflow.getHandle(workflowId))),
    );
}

function addSteering(ops: Command): void {
  ops
    .command('token')
    .description('sign an operator’s token: what may be done to which workflow, and how long')
    .requiredOption('--action <names>', `${OPERATOR_ACTIONS.join(', ')}; with commas between`, names)
    .requiredOption('--workflow <id>', 'its id, or * for every workflow')
    .option('--hours <number>', 'how long it holds', Number, 8)
    .addOption(operatorOption())
    .addOption(networkOption())
    .action(
      ({
        action,
        workflow,
        hours,
        identity,
        network,
      }: {
        action: string[];
        workflow: string;
        hours: number;
        identity?: string;
        network: string;
      }) => {
        const { fleet } = readNetwork(network).canisters;
        process.stdout.write(
          `${operatorToken(operatorSeed(network, identity), { fleet, actions: action, workflow, hours })}\n`,
        );
      },
    );
  ops
    .command('update')
    .description('send an update to a workflow, with a token made for it')
    .argument('<workflowId>')
    .argument('<update>', operationsInWords())
    .argument('[input]', 'JSON besides the token', '{}')
    .addOption(operatorOption())
    .addOption(networkOption())
    .action(
      async (
        workflowId: string,
        update: string,
        text: string,
        { identity, network }: { identity?: string; network: string },
      ) => {
        const { fleet } = readNetwork(network).canisters;
        const token = operatorToken(operatorSeed(network, identity), {
          fleet,
          actions: [update],
          workflow: workflowId,
          hours: 0.2,
        });
        const input = await jsonOf(text);
        await connected(network, async (client, link) => {
          try {
            print({
              workflowId,
              said: await client.workflow.getHandle(workflowId).executeUpdate(update, { args: [{ token, ...input }] }),
              link: link(workflowId),
            });
          } catch (error) {
            if (!(error instanceof WorkflowUpdateFailedError)) throw error;
            throw new CliError('workflowFailed', { workflowId, update }, error.cause?.message ?? error.message, {
              cause: error,
            });
          }
        });
      },
    );
  ops
    .command('list')
    .description('workflows, newest first: where each stands')
    .argument('[query]', 'a list filter, such as LivepodRound = "round-1"', '')
    .option('--limit <number>', 'at most so many', Number, 20)
    .addOption(networkOption())
    .action(async (query: string, { limit, network }: { limit: number; network: string }) => {
      await connected(network, async (client, link) => {
        let shown = 0;
        for await (const { workflowId, type, status, startTime, typedSearchAttributes } of client.workflow.list({
          query,
          pageSize: limit,
        })) {
          if (shown++ === limit) break;
          const marks = Object.fromEntries(
            typedSearchAttributes
              .getAll()
              .filter(({ key }) => key.name.startsWith('Livepod'))
              .map(({ key, value }) => [key.name.slice('Livepod'.length).toLowerCase(), value]),
          );
          print({
            workflowId,
            type,
            status: status.name.toLowerCase(),
            started: startTime.toISOString(),
            ...marks,
            link: link(workflowId),
          });
        }
      });
    });
}

/** Each with what it does and an input for it. */
function operationsInWords(): string {
  return OPERATOR_ACTIONS.map((action) => {
    const { says, example } = OPERATIONS[action];
    const input = Object.keys(example).length > 0 ? ` ${JSON.stringify(example)}` : '';
    return `${action}${input}: ${says}`;
  }).join('; ');
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
    throw new CliError(
      'workflowFailed',
      { workflowId: handle.workflowId },
      `${handle.workflowId} failed: ${error.cause?.message ?? error.message}`,
      { cause: error },
    );
  } finally {
    clearInterval(timer);
  }
}

async function connected(
  networkFile: string,
  work: (client: TemporalClient, link: (workflowId: string) => string) => Promise<void>,
): Promise<void> {
  const place = placeOf(networkFile);
  await withTemporal(place, (client) => work(client, (id) => uiPage(place, `workflows/${id}`)));
}

const names = (text: string): string[] =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
const print = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
