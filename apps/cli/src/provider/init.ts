import { existsSync } from 'node:fs';
import { loadOrCreateIdentity } from '@livepod/client/node';
import { acceptShare, newRing, writeRing } from '@livepod/codec';
import { Option, type Command } from 'commander';
import { CliError } from '../errors.js';
import { jsonFile, jsonOption } from '../options.js';
import { print } from '../output.js';
import { ProviderFolder, type Invitation } from './folder.js';

export const folderOption = (): Option =>
  new Option('--folder <path>', 'the provider’s folder').env('LIVEPOD_PROVIDER').default('provider');

export function addInit(provider: Command): void {
  provider
    .command('init')
    .description('make a provider’s folder from the operator’s invitation: a key of your own, addresses, key rings')
    .argument('<invitation>', 'the file that the operator’s `livepod provider add` wrote')
    .addOption(folderOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample: livepod provider init provider-2.invitation.json\nDone twice, it keeps the key.')
    .action((file: string, { folder: path, json }: { folder: string; json?: boolean }) => {
      const invitation = readInvitation(file);
      const folder = new ProviderFolder(path);
      folder.accept(invitation);
      if (!existsSync(folder.keys)) writeRing(folder.keys, newRing(invitation.name));
      acceptShare(folder.keys, invitation.share);
      const principal = loadOrCreateIdentity(folder.identity).getPrincipal().toText();
      print(json, { ok: true, name: invitation.name, folder: path, principal }, () =>
        [
          `${invitation.name} is ${principal}; its key is ${folder.identity}: keep a copy of it.`,
          `Delete ${file}. Have somebody send you tokens for the bond and a stake:`,
          `livepod tokens send ${principal} 300`,
          'Then: livepod provider register',
        ].join('\n'),
      );
    });
}

/** @throws CliError `badArguments` */
function readInvitation(file: string): Invitation {
  const value = jsonFile(file) as Partial<Invitation>;
  if (value.type === 'livepod.invitation/v1' && value.name && value.network && value.share) return value as Invitation;
  throw new CliError(
    'badArguments',
    { file },
    `${file} is no invitation; ask the operator for the file that livepod provider add wrote.`,
  );
}
