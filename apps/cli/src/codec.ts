import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  acceptShare,
  newRing,
  readRing,
  rotate,
  serveFromEnvironment,
  share,
  signInLink,
  signInToken,
  writeRing,
} from '@livepod/codec';
import { readNetwork, writeNew } from '@livepod/client/node';
import { Option, type Command } from 'commander';
import { CliError } from './errors.js';
import { jsonFile, jsonOption, networkOption } from './options.js';
import { print } from './output.js';

const keysOption = new Option('--keys <file>', 'the key ring')
  .env('LIVEPOD_CODEC_KEYS')
  .default('.state/secrets/codec.json');

export function addCodec(program: Command): void {
  const codec = program
    .command('codec')
    .description('keys that encrypt what Temporal stores, and the server that shows it')
    .addHelpText('after', '\nExample: livepod codec signin --hours 8');
  addOwnKeys(codec);
  addSharedKeys(codec);
  addServer(codec);
}

function addOwnKeys(codec: Command): void {
  codec
    .command('new')
    .description('make a key ring for a namespace')
    .argument('<namespace>')
    .addOption(keysOption)
    .addOption(jsonOption())
    .addHelpText('after', '\nExample: livepod codec new provider-2 --keys codec.json')
    .action((namespace: string, { keys, json }: Keys) => {
      if (existsSync(keys))
        throw new CliError(
          'badArguments',
          { keys },
          `${keys} is there already, and what it encrypts would be lost; name another file, or rotate its key.`,
        );
      writeRing(keys, newRing(namespace));
      said(json, { namespace, keys, active: readRing(keys).active });
    });
  codec
    .command('rotate')
    .description('make a new active key; the old ones still decrypt, and running processes take it up within a second')
    .option(
      '--shared <namespace>',
      'the key held in common with that namespace, instead of our own; then hand it over anew (share)',
    )
    .addOption(keysOption)
    .addOption(jsonOption())
    .addHelpText('after', '\nExample: livepod codec rotate --shared provider-2')
    .action(({ keys, shared, json }: Keys & { shared?: string }) => said(json, { active: rotate(keys, shared) }));
}

function addSharedKeys(codec: Command): void {
  codec
    .command('share')
    .description(
      'write the keys held in common with a provider’s namespace to a file for the provider, made first when ' +
        'there are none',
    )
    .argument('<namespace>')
    .argument('<file>', 'written for its owner’s eyes only; bring it to the provider safely, then delete it')
    .addOption(keysOption)
    .addOption(jsonOption())
    .addHelpText('after', '\nExample: livepod codec share provider-2 for-provider-2.json')
    .action((namespace: string, file: string, { keys, json }: Keys) => {
      const shared = share(keys, namespace);
      writeNew(file, `${JSON.stringify(shared)}\n`);
      said(json, { namespace, key: shared.active, file });
    });
  codec
    .command('accept')
    .description('take up the keys in a file that a customer made with share')
    .argument('<file>')
    .addOption(keysOption)
    .addOption(jsonOption())
    .addHelpText('after', '\nExample: livepod codec accept for-provider-2.json')
    .action((file: string, { keys, json }: Keys) => {
      const shared = jsonFile(file) as unknown as Parameters<typeof acceptShare>[1];
      acceptShare(keys, shared);
      said(json, { namespace: shared.namespace, key: shared.active });
    });
}

function addServer(codec: Command): void {
  codec
    .command('signin')
    .description('print a link that lets a browser read payloads through the stack’s codec server')
    .option('--subject <name>', 'who it is for; named in the access log', process.env['USER'] ?? 'operator')
    .option('--hours <n>', 'how long it is good', '12')
    .option('--read-only', 'decrypt, but encrypt nothing: no starts and no updates')
    .addOption(networkOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample: livepod codec signin --subject ada --hours 8 --read-only')
    .action(printSignIn);
  codec
    .command('serve')
    .description('run the codec server; its environment is described in infra/codec/README.md')
    .addOption(jsonOption('print errors as JSON, too; what it says of itself is JSON anyway'))
    .addHelpText('after', '\nExample: LIVEPOD_CODEC_KEYS=codec.json … livepod codec serve')
    .action(() => serveFromEnvironment());
}

interface Keys {
  keys: string;
  json?: boolean;
}
interface SignIn {
  subject: string;
  hours: string;
  readOnly?: boolean;
  network: string;
  json?: boolean;
}

async function printSignIn({ subject, hours, readOnly, network, json }: SignIn): Promise<void> {
  const { temporal } = readNetwork(network);
  if (!temporal?.codecUrl)
    throw new CliError('badConfiguration', {}, `${network} names no codec server; start the stack again.`);
  if (!(Number(hours) > 0))
    throw new CliError(
      'badArguments',
      { hours },
      `--hours ${hours} is no number of hours; give one above 0, such as 12.`,
    );
  const permissions = [`${temporal.namespace}:${readOnly ? 'read' : 'write'}`, `${temporal.providerNamespace}:read`];
  const signing = join(dirname(network), 'secrets', 'codec-signing.json');
  const token = await signInToken(signing, { subject, permissions, hours: Number(hours) });
  const link = signInLink(temporal.codecUrl, token);
  print(json, { link }, () => link);
}

/** A line each. */
const said = (json: boolean | undefined, what: Record<string, string>): void =>
  print(json, what, () =>
    Object.entries(what)
      .map(([name, value]) => `${name}: ${value}`)
      .join('\n'),
  );
