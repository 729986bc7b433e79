import { instead, operatorPageText, parsePlan } from '@livepod/protocol';
import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { CliError } from './errors.js';
import { operatorPage, placeOf, STARTABLE, startLinks } from './operating/index.js';
import { jsonOf, jsonOption, networkOption } from './options.js';
import { out, print } from './output.js';

export function addLinks(ops: Command): void {
  ops
    .command('links')
    .description('how to start each workflow here: a link to the UI’s form, and an input with this installation’s ids')
    .option('--json', 'one JSON list')
    .option('--page <file>', 'write what the codec server’s operator page shows instead')
    .addOption(networkOption())
    .addHelpText('after', '\nExample: livepod ops links --json')
    .action(async ({ json, page, network: file }: { json?: boolean; page?: string; network: string }) => {
      const place = placeOf(file);
      if (page) {
        writeFileSync(page, operatorPageText(await operatorPage(place)), { mode: 0o600 });
        return;
      }
      const links = await startLinks(place);
      out(json ? JSON.stringify(links, null, 2) : links.map(inWords).join('\n'));
    });
}

/** An input to begin with, that names what is here. */
export function addSample(ops: Command): void {
  ops
    .command('sample')
    .description('an input for a workflow with this installation’s ids, to copy and change')
    .argument('<workflow>', STARTABLE.map(({ type }) => type).join(', '))
    .option('--plan <json>', 'how a release reaches its pods: JSON, or a file that holds it; the default is slow')
    .addOption(networkOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample: livepod ops sample lifecycle > round.json')
    .action(async (type: string, { plan, network }: { plan?: string; network: string }) => {
      const parts = [placeOf(network), ...(plan === undefined ? [] : [parsePlan(await jsonOf(plan))])] as const;
      const one = (await startLinks(...parts)).find((link) => link.type === type);
      const types = STARTABLE.map(({ type }) => type);
      if (!one) throw new CliError('badArguments', { type }, `There is no workflow ${type}: ${instead(type, types)}.`);
      if (one.input) return print(true, one.input, () => '');
      throw new CliError('badArguments', { type }, `There is no input for ${type} yet: it needs ${one.needs} first.`);
    });
}

const inWords = ({
  type,
  what,
  queue,
  workflowId,
  link,
  input,
  needs,
}: Awaited<ReturnType<typeof startLinks>>[number]): string =>
  [
    `${type.padEnd(17)} ${what}`,
    `${''.padEnd(17)} queue ${queue}, id ${workflowId}`,
    `${''.padEnd(17)} ${link}`,
    `${''.padEnd(17)} ${input ? JSON.stringify(input) : `(no input yet: there is no ${needs})`}`,
    '',
  ].join('\n');
