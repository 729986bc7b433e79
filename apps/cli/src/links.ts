import { operatorPageText } from '@livepod/protocol';
import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { operatorPage, operatorSeed, placeOf, startLinks } from './operating/index.js';
import { networkOption, operatorOption } from './options.js';

export function addLinks(ops: Command): void {
  ops
    .command('links')
    .description('how to start each workflow here: a link to the UI’s form, and an input with this installation’s ids')
    .option('--json', 'one JSON list')
    .option('--page <file>', 'write what the codec server’s operator page shows instead, with tokens for updates')
    .addOption(operatorOption())
    .addOption(networkOption())
    .action(
      async ({
        json,
        page,
        identity,
        network: file,
      }: {
        json?: boolean;
        page?: string;
        identity?: string;
        network: string;
      }) => {
        const place = placeOf(file);
        if (page) {
          const text = operatorPageText(await operatorPage(place, operatorSeed(file, identity)));
          writeFileSync(page, text, { mode: 0o600 });
          return;
        }
        const links = await startLinks(place);
        process.stdout.write(json ? `${JSON.stringify(links, null, 2)}\n` : links.map(inWords).join('\n'));
      },
    );
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
