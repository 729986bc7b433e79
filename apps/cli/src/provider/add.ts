import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readNetwork, writeNew } from '@livepod/client/node';
import { share } from '@livepod/codec';
import { prepareEndpoint, prepareNamespace } from '@livepod/stack/namespaces';
import { connectClient, keysFor } from '@livepod/workers/temporal';
import type { Command } from 'commander';
import { CliError } from '../errors.js';
import { jsonOption, networkOption, type Reach } from '../options.js';
import { print } from '../output.js';
import type { Invitation } from './folder.js';

/** The operator's side: room for one more provider. */
export function addAdd(provider: Command): void {
  provider
    .command('add')
    .description('for operators: make a provider’s namespace, Nexus endpoint and shared key, and write its invitation')
    .argument('<name>', 'letters, digits and dashes; rounds name the provider by it')
    .option('--out <file>', 'where the invitation goes; default: <name>.invitation.json')
    .addOption(networkOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample: livepod provider add provider-2')
    .action(async (name: string, { out, network: file, json }: Reach & { out?: string }) => {
      const path = out ?? `${name}.invitation.json`;
      mustBeName(name);
      if (existsSync(path))
        throw new CliError('badArguments', { path }, `${path} is there already; send that one, or name another --out.`);
      const invitation = await invite(name, file);
      writeNew(path, `${JSON.stringify(invitation, null, 2)}\n`);
      print(json, { ok: true, name, invitation: path }, () =>
        [
          `${name} has a namespace, a Nexus endpoint and a key shared with you.`,
          `Send it ${path} by a safe way, then delete the file: it holds that key.`,
          `There: livepod provider init ${path}`,
        ].join('\n'),
      );
    });
}

function mustBeName(name: string): void {
  if (/^[a-z][a-z0-9-]{1,39}$/.test(name)) return;
  throw new CliError(
    'badArguments',
    { name },
    `${name} cannot be a provider’s name; give 2 to 40 small letters, digits and dashes, a letter first.`,
  );
}

async function invite(name: string, file: string): Promise<Invitation> {
  const network = readNetwork(file);
  const { temporal } = network;
  const keys = keysFor(file);
  if (!temporal || !keys)
    throw new CliError('badConfiguration', { file }, `${file} names no Temporal server, or its key ring is missing.`);
  if (name === temporal.namespace)
    throw new CliError('badArguments', { name }, `${name} is the operators’ own namespace; choose another name.`);
  const { connection } = await connectClient(temporal, { keys });
  try {
    await prepareNamespace(connection, name);
    await prepareEndpoint(connection, name, name);
  } finally {
    await connection.close();
  }
  const s3 = join(dirname(file), 'secrets', 's3.json');
  return {
    type: 'livepod.invitation/v1',
    name,
    network: { ...network, temporal: { ...temporal, providerNamespace: name, nexusEndpoint: name } },
    share: share(keys, name),
    // A stack on this machine has one account; elsewhere a provider gets one that may only read (docs/deploy.md).
    ...(network.s3 && existsSync(s3) ? { s3: JSON.parse(readFileSync(s3, 'utf8')) as Invitation['s3'] & object } : {}),
  };
}
