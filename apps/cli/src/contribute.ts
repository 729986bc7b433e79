import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from '@livepod/client';
import { loadIdentity, readNetwork } from '@livepod/client/node';
import { contribute, type Contribution } from '@livepod/transfer';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { CliError } from './errors.js';

interface Options {
  network: string;
  identity: string;
  title: string;
  schema: string;
  store: 'bucket' | 's3';
  fee: string;
}

export function addContribute(program: Command): void {
  program
    .command('contribute')
    .description('encrypt, sign, upload and register a folder of CSV recordings as one dataset')
    .argument('<folder>', 'with the CSV files')
    .requiredOption('--title <text>', 'what voters read')
    .requiredOption('--schema <file>', 'JSON with channels, rateMilliHz, labels, device')
    .option(
      '--store <where>',
      'bucket or s3',
      (value) => {
        if (value !== 'bucket' && value !== 's3') throw new InvalidArgumentError('Give bucket or s3.');
        return value;
      },
      'bucket',
    )
    .option('--fee <e8s>', 'licence fee for one job', '100000000')
    .addOption(new Option('--network <file>', 'network.json').env('LIVEPOD_NETWORK').makeOptionMandatory())
    .addOption(
      new Option('--identity <file>', "the contributor's identity file").env('LIVEPOD_IDENTITY').makeOptionMandatory(),
    )
    .action(async (folder: string, options: Options) => {
      const names = (await readdir(folder)).filter((name) => name.endsWith('.csv')).sort();
      if (names.length === 0)
        throw new CliError(
          'badArguments',
          { folder },
          `${folder} has no CSV files; name the folder that holds the recordings.`,
        );
      const recordings = await Promise.all(
        names.map(async (name) => ({ name, bytes: await readFile(join(folder, name)) })),
      );
      const network = readNetwork(options.network);
      const identity = loadIdentity(options.identity);
      const contributed = await contribute({
        clients: await connect(network, identity),
        seed: identity,
        recordings,
        schema: JSON.parse(await readFile(options.schema, 'utf8')) as Contribution['schema'],
        title: options.title,
        store: options.store,
        licence: { fee: options.fee },
        ...(network.s3 ? { s3: network.s3 } : {}),
        tell: (done, of) => process.stderr.write(`\r${done} of ${of} uploaded`),
      });
      process.stderr.write('\n');
      process.stdout.write(`${JSON.stringify(contributed)}\n`);
    });
}
