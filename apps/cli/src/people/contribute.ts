import { loadIdentity } from '@livepod/client/node';
import { readDatasetSchema, type DatasetSchema, tokens } from '@livepod/protocol';
import {
  contribute,
  folderOfContribution,
  inspectRecordings,
  readFolder,
  refusalsOf,
  sentenceOf,
  type Contributed,
  type FolderFile,
  type InspectedFile,
  type Inspection,
} from '@livepod/transfer';
import { Option, type Command } from 'commander';
import { amountOption } from '../amounts.js';
import { CliError } from '../errors.js';
import { connectedAs, identityOption, jsonFile, jsonOption, networkOption, type Reach } from '../options.js';
import { out, print, progress, say, table, told } from '../output.js';
import { readiness, type Readiness } from './readiness.js';

interface Options extends Partial<Reach> {
  schema: string;
  title?: string;
  modality?: string;
  store: 'bucket' | 's3';
  fee: bigint;
  dryRun?: boolean;
}

export function addContribute(program: Command): void {
  program
    .command('contribute')
    .description('encrypt, sign, upload and register a folder of recordings as one dataset')
    .argument('<folder>', 'with CSV or FIT files, and nothing else')
    .requiredOption('--schema <file>', 'what they measure: JSON, as livepod schema guess proposes it')
    .option('--title <text>', 'what voters read, at most 200 characters')
    .option('--dry-run', 'only say what was understood, what it takes and what is missing; needs no network')
    .addOption(new Option('--store <where>', 'where the ciphertext lies').choices(['bucket', 's3']).default('bucket'))
    .addOption(amountOption('--fee <tokens>', 'licence fee for one job', '1'))
    .option('--modality <name>', 'motion or activity; default: what most of the files hold')
    .addOption(identityOption())
    .addOption(networkOption().makeOptionMandatory(false))
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  livepod contribute recordings --schema schema.json --dry-run
  livepod contribute recordings --schema schema.json --title "Watch of Ada" --identity me.json
A dry run ends with status 0 only when everything would be taken as it stands. Broken off, a contribution goes
on where it stopped when the same command is given again.`,
    )
    .action(async (folder: string, options: Options) => {
      const schema = readDatasetSchema(jsonFile(options.schema));
      const files = await readFolder(folder);
      if (options.dryRun) return dryRun(files, schema, options);
      const { title, network } = options;
      if (!title || !network)
        throw new CliError(
          'badArguments',
          {},
          `Give ${title ? '--network FILE' : '--title TEXT, which voters read'}; or look first, with --dry-run.`,
        );
      print(options.json, await send(files, schema, { ...options, title, network }), () => '');
    });
}

async function dryRun(files: FolderFile[], schema: DatasetSchema, options: Options): Promise<void> {
  const inspection = await inspectRecordings(files, schema, options.modality);
  const ready = await known(options);
  const { store, title, identity } = options;
  const folder =
    store === 's3' && title && identity
      ? await folderOfContribution({ seed: loadIdentity(identity), recordings: files, title })
      : undefined;
  print(options.json, { ...inspection, ...(ready ? { ready } : {}), ...(folder ? { folder } : {}) }, () =>
    [
      inWords(inspection, ready),
      ...(folder ? [`Its objects go to ${folder}; the operator allows you to create there, and nowhere else.`] : []),
    ].join('\n'),
  );
  if (!inspection.ok) process.exitCode = 1;
}

/** What is missing on the network, for who says where it is and who they are; one that is away is no hindrance. */
async function known({ network, identity, store }: Options): Promise<Readiness | undefined> {
  if (!network || !identity) return undefined;
  try {
    return await readiness({ network, identity, store });
  } catch (error) {
    say(`What you have on the network is not known: ${told(error).message}`);
    return undefined;
  }
}

async function send(
  files: FolderFile[],
  schema: DatasetSchema,
  options: Options & { title: string; network: string },
): Promise<Contributed> {
  const { clients, identity, network } = await connectedAs(options);
  const contributed = await contribute({
    clients,
    seed: identity,
    recordings: files,
    schema,
    ...(options.modality === undefined ? {} : { modality: options.modality }),
    title: options.title,
    store: options.store,
    licence: { fee: String(options.fee) },
    ...(network.s3 ? { s3: network.s3 } : {}),
    tell: (done, of) => progress(`${done} of ${of} uploaded`),
  });
  progress('');
  if (!options.json)
    out(
      `${contributed.dataset} is registered. Next, it is put to the vote:\n` +
        `livepod dataset propose ${contributed.dataset}`,
    );
  return contributed;
}

function inWords(inspection: Inspection, ready: Readiness | undefined): string {
  const { files, bytes, statistics, modality } = inspection;
  const rows = [['file', 'rows', 'seconds', 'Hz', 'labels', ''], ...files.map(rowOf)];
  const notes = files.flatMap(({ name, findings }) =>
    findings.filter(({ refused }) => !refused).map((finding) => `Note: ${sentenceOf(name, finding)}`),
  );
  const taken = files.filter((file) => file.taken).length;
  const minutes = (statistics.milliseconds / 60_000).toFixed(1);
  return [
    table(rows),
    '',
    ...notes,
    ...refusalsOf(inspection),
    `${taken} of ${files.length} files would be taken: ${minutes} minutes of ${modality}, ${bytes} bytes.`,
    ...(ready
      ? readyInWords(ready)
      : ['With --network and --identity, what it costs and what is missing is said, too.']),
  ].join('\n');
}

const rowOf = ({ name, rows, seconds, rateHz, labels, taken }: InspectedFile): string[] => [
  name,
  String(rows),
  seconds.toFixed(1),
  rateHz === null ? '?' : rateHz.toFixed(1),
  Object.entries(labels)
    .map(([label, count]) => `${label} ${count}`)
    .join(', '),
  taken ? '' : 'refused',
];

const readyInWords = ({ principal, balance, bond, missing }: Readiness): string[] => [
  `You are ${principal}, with ${tokens(balance)} tokens and a contributor’s bond of ${tokens(bond)}.`,
  'Storing costs nothing but that bond; each job that trains on the dataset pays its licence fee to you.',
  ...missing,
];
