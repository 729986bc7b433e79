import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { loadIdentity, saveIdentity } from '@livepod/client/node';
import { signerOf } from '@livepod/transfer';
import type { Command } from 'commander';
import { CliError } from '../errors.js';
import { jsonOption } from '../options.js';
import { print } from '../output.js';

/** Who one is: a key in a file, and the principal that follows from it. */
export function addIdentity(program: Command): void {
  const identity = program
    .command('identity')
    .description('your key, and the principal that others know you by')
    .addHelpText('after', '\nExample: livepod identity new me.json');
  identity
    .command('new')
    .description('make a key; the file is yours alone (mode 0600): keep a copy, nobody can restore it')
    .argument('<file>', 'where to keep it; never overwritten')
    .addOption(jsonOption())
    .addHelpText('after', '\nExample: livepod identity new me.json')
    .action((file: string, { json }: { json?: boolean }) => {
      if (existsSync(file))
        throw new CliError(
          'badArguments',
          { file },
          `${file} is there already, and a key is never overwritten; choose another name.`,
        );
      saveIdentity(file, randomBytes(32));
      show(file, json);
    });
  identity
    .command('show')
    .description('the principal of a key')
    .argument('<file>')
    .addOption(jsonOption())
    .addHelpText('after', '\nExample: livepod identity show me.json')
    .action((file: string, { json }: { json?: boolean }) => show(file, json));
}

function show(file: string, json: boolean | undefined): void {
  const { principal, publicKey } = signerOf(loadIdentity(file));
  print(json, { file, principal, publicKey }, () => principal);
}
