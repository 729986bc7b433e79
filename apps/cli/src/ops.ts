import { readNetwork } from '@livepod/client/node';
import {
  findingsInWords,
  instead,
  OPERATIONS,
  OPERATOR_ACTIONS,
  optionalOf,
  type Asked,
  type Finding,
  type OperatorAction,
} from '@livepod/protocol';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import type { Command } from 'commander';
import { CliError } from './errors.js';
import {
  namedNow,
  operatorAction,
  operatorSeed,
  operatorToken,
  placeOf,
  STARTABLE,
  startable,
  timeOf,
  uiPage,
  withTemporal,
  wrongWith,
  type Place,
  type Startable,
} from './operating/index.js';
import type { TemporalClient } from '@livepod/workers/temporal';
import { addDeploy } from './deploy.js';
import { addLinks, addSample } from './links.js';
import { jsonOf, jsonOption, networkOption, operatorOption } from './options.js';
import { print } from './output.js';
import { addSchedule } from './schedule.js';
import { addVoucher } from './voucher.js';
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
  addVoucher(ops);
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
    .description('sign an operator’s token: for one update of one workflow as it stands, used once')
    .requiredOption('--action <name>', OPERATOR_ACTIONS.join(', '))
    .requiredOption('--workflow <id>', 'its id')
    .option('--object <object>', 'what it changes: workflow, release/<number>, job/<number>; default: it is asked')
    .option('--state <state>', 'where that stands, as the workflow’s page shows it; with --object nothing is asked')
    .option('--minutes <number>', 'how long it holds', Number, 15)
    .addOption(operatorOption())
    .addOption(networkOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExample: livepod ops token --action resume --workflow rollout-4\nWithout a network: livepod ops token ' +
        '--action resume --workflow rollout-4 --object release/4 --state paused/1/1',
    )
    .action(async ({ identity, network, json, minutes, ...given }: TokenOptions) => {
      const seed = operatorSeed(network, identity);
      const { fleet } = readNetwork(network).canisters;
      const { now, ...asked } = await named(network, given);
      const token = operatorToken(seed, { fleet, minutes, now, ...asked });
      print(json, { token, ...asked }, () => token);
    });
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
        const seed = operatorSeed(network, identity);
        const action = operatorAction(update);
        const input = await jsonOf(text);
        const place = placeOf(network);
        await connected(network, async (client, link) => {
          try {
            const said = await updated(place, client, { seed, workflowId, action, input });
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

interface TokenOptions {
  action: string;
  workflow: string;
  object?: string;
  state?: string;
  minutes: number;
  identity?: string;
  network: string;
  json?: boolean;
}

/** What a token is to name: as it is given, or else as the workflow and its canister say. */
async function named(
  network: string,
  { action: name, workflow, object, state }: Pick<TokenOptions, 'action' | 'workflow' | 'object' | 'state'>,
): Promise<Asked & { now?: number }> {
  const action = operatorAction(name);
  if (object !== undefined && state !== undefined) return { action, workflow, object, state };
  if (object !== undefined || state !== undefined)
    throw new CliError('badArguments', {}, 'Give --object and --state, or neither.');
  const place = placeOf(network);
  const now = await timeOf(place);
  const asked = await withTemporal(place, (client) => namedNow(place, client, workflow, action));
  if (asked) return { ...asked, now };
  throw new CliError(
    'badArguments',
    { workflow, action },
    `${workflow} does not take ${action} now; look at what it takes with: livepod ops list.`,
  );
}

/** Sends an update; once more when what it is about moved on while it was signed. */
async function updated(
  place: Place,
  client: TemporalClient,
  { seed, workflowId, action, input }: { seed: Uint8Array; workflowId: string; action: OperatorAction; input: object },
): Promise<unknown> {
  const { fleet } = place.network.canisters;
  const now = await timeOf(place);
  // What it does not take now it refuses itself, and says why.
  const unasked: Asked = { action, workflow: workflowId, object: 'workflow', state: 'none' };
  const asks = async (): Promise<Asked> => (await namedNow(place, client, workflowId, action)) ?? unasked;
  for (let asked = await asks(); ;) {
    const token = operatorToken(seed, { fleet, minutes: 12, now, ...asked });
    try {
      return await client.workflow.getHandle(workflowId).executeUpdate(action, { args: [{ token, ...input }] });
    } catch (error) {
      const moved = await asks();
      if (!(error instanceof WorkflowUpdateFailedError) || same(asked, moved)) throw error;
      asked = moved;
    }
  }
}

const same = (one: Asked, other: Asked): boolean => one.object === other.object && one.state === other.state;

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

function wholeNumber(text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new CliError('badArguments', { text }, `${text} is no number of workflows; give a whole one, such as 20.`);
}
