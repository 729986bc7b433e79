import { readNetwork } from '@livepod/client/node';
import { findingsInWords, instead, OPERATIONS, OPERATOR_ACTIONS, optionalOf, type Finding } from '@livepod/protocol';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import type { Command } from 'commander';
import { CliError } from './errors.js';
import {
  operatorSeed,
  operatorToken,
  placeOf,
  STARTABLE,
  startable,
  uiPage,
  withTemporal,
  wrongWith,
  type Startable,
} from './operating/index.js';
import type { TemporalClient } from '@livepod/workers/temporal';
import { addDeploy } from './deploy.js';
import { addLinks, addSample } from './links.js';
import { jsonOf, jsonOption, networkOption, operatorOption } from './options.js';
import { print } from './output.js';
import { addSchedule } from './schedule.js';
import { failureInWords, watch } from './watching.js';

export function addOps(program: Command): void {
  const ops = program
    .command('ops')
    .description('start, watch and steer workflows')
    .addHelpText('after', '\nExample: livepod ops check lifecycle round-4.json');
  addStart(ops);
  addSteering(ops);
  addLinks(ops);
  addSample(ops);
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
    .option('--dry-run', 'compare the input with what is there, say everything that is wrong, and start nothing')
    .addOption(networkOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExample: livepod ops start datasetIntake \'{"round": "intake-7", "datasets": ["Watch of Ann"]}\' --watch',
    )
    .action(async (type: string, text: string, { id, watch: watched, dryRun, network, json }: StartOptions) => {
      const known = mustBeStartable(type);
      const input = await jsonOf(text);
      const findings = await wrongWith(placeOf(network), known.type, input);
      if (dryRun) return tell(known.type, findings, json);
      if (findings.length > 0) throw wrongInput(known.type, findings);
      await connected(network, async (client, link) => {
        const workflowId = id ?? known.id(input);
        const handle = await client.workflow.start(type, { taskQueue: known.queue, workflowId, args: [input] });
        print(true, { workflowId, link: link(workflowId) }, () => workflowId);
        if (watched) await watch(client, handle);
      });
    });
  ops
    .command('check')
    .description('compare an input with what is there, and say everything that is wrong; starts nothing')
    .argument('<workflow>')
    .argument('<input>', 'JSON, or a file that holds it')
    .addOption(networkOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExample: livepod ops check lifecycle round-4.json\nStatus 0: it could be started as it stands.',
    )
    .action(async (type: string, text: string, { network, json }: StartOptions) => {
      const known = mustBeStartable(type);
      tell(known.type, await wrongWith(placeOf(network), known.type, await jsonOf(text)), json);
    });
  ops
    .command('watch')
    .description('follow a workflow until it ends, and print its result')
    .argument('<workflowId>')
    .addOption(networkOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample: livepod ops watch lifecycle-round-4')
    .action((workflowId: string, { network }: { network: string }) =>
      connected(network, (client) => watch(client, client.workflow.getHandle(workflowId))),
    );
}

interface StartOptions {
  id?: string;
  watch?: boolean;
  dryRun?: boolean;
  network: string;
  json?: boolean;
}

function mustBeStartable(workflow: string): Startable {
  const known = startable(workflow);
  if (known) return known;
  const types = STARTABLE.map(({ type }) => type);
  throw new CliError('badArguments', { workflow }, `There is no workflow ${workflow}: ${instead(workflow, types)}.`);
}

function tell(type: string, findings: Finding[], json: boolean | undefined): void {
  const ok = findings.length === 0;
  print(json, { ok, findings }, () => (ok ? `${type} could be started as it stands.` : findingsInWords(findings)));
  if (!ok) process.exitCode = 1;
}

const wrongInput = (type: string, findings: Finding[]): CliError =>
  new CliError('badArguments', { type, findings }, `${type}: ${findingsInWords(findings)}`);

function addSteering(ops: Command): void {
  ops
    .command('token')
    .description('sign an operator’s token: what may be done to which workflow, and how long')
    .requiredOption('--action <names>', `${OPERATOR_ACTIONS.join(', ')}; with commas between`, names)
    .requiredOption('--workflow <id>', 'its id, or * for every workflow')
    .option('--hours <number>', 'how long it holds', Number, 8)
    .addOption(operatorOption())
    .addOption(networkOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample: livepod ops token --action pause,resume --workflow lifecycle-round-1 --hours 8')
    .action(
      ({
        action,
        workflow,
        hours,
        identity,
        network,
        json,
      }: {
        action: string[];
        workflow: string;
        hours: number;
        identity?: string;
        network: string;
        json?: boolean;
      }) => {
        const { fleet } = readNetwork(network).canisters;
        const token = operatorToken(operatorSeed(network, identity), { fleet, actions: action, workflow, hours });
        print(json, { token }, () => token);
      },
    );
  ops
    .command('update')
    .description('send an update to a workflow, with a token made for it')
    .argument('<workflowId>')
    .argument('<update>', operationsInWords())
    .argument('[input]', 'JSON besides the token, or a file that holds it', '{}')
    .addOption(operatorOption())
    .addOption(networkOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExample: livepod ops update lifecycle-round-1 pause \'{"reason": "Looking at the numbers"}\'',
    )
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
            const handle = client.workflow.getHandle(workflowId);
            const said = await handle.executeUpdate(update, { args: [{ token, ...input }] });
            print(true, { workflowId, said, link: link(workflowId) }, () => String(said));
          } catch (error) {
            if (!(error instanceof WorkflowUpdateFailedError)) throw error;
            throw new CliError('workflowFailed', { workflowId, update }, failureInWords(error), { cause: error });
          }
        });
      },
    );
  ops
    .command('list')
    .description('workflows, newest first: where each stands')
    .argument('[query]', 'a list filter, such as LivepodRound = "round-1"', '')
    .option('--limit <number>', 'at most so many', wholeNumber, 20)
    .addOption(networkOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample: livepod ops list \'LivepodRound = "round-1"\'')
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
          const line = {
            workflowId,
            type,
            status: status.name.toLowerCase(),
            started: startTime.toISOString(),
            ...marks,
            link: link(workflowId),
          };
          print(true, line, () => workflowId);
        }
      });
    });
}

/** Each with what it does and an input for it. */
function operationsInWords(): string {
  return OPERATOR_ACTIONS.map((action) => {
    const { says, example } = OPERATIONS[action];
    const besides = optionalOf(action).map((name) => [name, '…'] as const);
    const shown = { ...example, ...Object.fromEntries(besides) };
    const input = Object.keys(shown).length > 0 ? ` ${JSON.stringify(shown)}` : '';
    return `${action}${input}: ${says}`;
  }).join('; ');
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

function wholeNumber(text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new CliError('badArguments', { text }, `${text} is no number of workflows; give a whole one, such as 20.`);
}
