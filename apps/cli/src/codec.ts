import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
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
import { readNetwork } from '@livepod/client/node';
import { Option, type Command } from 'commander';
import { CliError } from './errors.js';

const keysOption = new Option('--keys <file>', 'the key ring')
  .env('LIVEPOD_CODEC_KEYS')
  .default('.state/secrets/codec.json');

export function addCodec(program: Command): void {
  const codec = program
    .command('codec')
    .description('keys that encrypt what Temporal stores, and the server that shows it');
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
    .action((namespace: string, { keys }: { keys: string }) => {
      if (existsSync(keys))
        throw new CliError(
          'badArguments',
          { keys },
          `${keys} is there already, and what it encrypts would be lost; name another file, or rotate its key.`,
        );
      writeRing(keys, newRing(namespace));
      print({ namespace, keys, active: readRing(keys).active });
    });
  codec
    .command('rotate')
    .description('make a new active key; the old ones still decrypt, and running processes take it up within a second')
    .option(
      '--shared <namespace>',
      'the key held in common with that namespace, instead of our own; then hand it over anew (share)',
    )
    .addOption(keysOption)
    .action(({ keys, shared }: { keys: string; shared?: string }) => print({ active: rotate(keys, shared) }));
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
    .action(async (namespace: string, file: string, { keys }: { keys: string }) => {
      const shared = share(keys, namespace);
      await writeFile(file, `${JSON.stringify(shared)}\n`, { mode: 0o600, flag: 'wx' });
      print({ namespace, key: shared.active, file });
    });
  codec
    .command('accept')
    .description('take up the keys in a file that a customer made with share')
    .argument('<file>')
    .addOption(keysOption)
    .action(async (file: string, { keys }: { keys: string }) => {
      const shared = JSON.parse(await readFile(file, 'utf8')) as Parameters<typeof acceptShare>[1];
      acceptShare(keys, shared);
      print({ namespace: shared.namespace, key: shared.active });
    });
}

function addServer(codec: Command): void {
  codec
    .command('signin')
    .description('print a link that lets a browser read payloads through the stack’s codec server')
    .option('--subject <name>', 'who it is for; named in the access log', process.env['USER'] ?? 'operator')
    .option('--hours <n>', 'how long it is good', '12')
    .option('--read-only', 'decrypt, but encrypt nothing: no starts and no updates')
    .addOption(new Option('--network <file>', 'network.json').env('LIVEPOD_NETWORK').default('.state/network.json'))
    .action(printSignIn);
  codec
    .command('serve')
    .description('run the codec server; its environment is described in infra/codec/README.md')
    .action(() => serveFromEnvironment());
}

interface SignIn {
  subject: string;
  hours: string;
  readOnly?: boolean;
  network: string;
}

async function printSignIn({ subject, hours, readOnly, network }: SignIn): Promise<void> {
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
  process.stdout.write(`${signInLink(temporal.codecUrl, token)}\n`);
}

const print = (what: unknown): void => void process.stdout.write(`${JSON.stringify(what)}\n`);
