import { setTimeout as sleep } from 'node:timers/promises';
import { WITHOUT_SANDBOX } from '@livepod/activities';
import { Option, type Command } from 'commander';
import { amountOf } from '../amounts.js';
import { CliError } from '../errors.js';
import { jsonOption, optionalNetwork } from '../options.js';
import { print, say, table } from '../output.js';
import { checksOf, type Check } from './checks.js';
import { ProviderFolder } from './folder.js';
import { folderOption } from './init.js';

const LOOK_AGAIN_MS = 3_000;

export function addDoctor(provider: Command): void {
  provider
    .command('doctor')
    .description('say what a job needs, what is there and what is missing')
    .addOption(folderOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample: livepod provider doctor\nStatus 0: jobs can be done.')
    .action(async ({ folder, json }: { folder: string; json?: boolean }) => {
      const checks = await checksOf(openFolder(folder));
      const ok = hindrances(checks).length === 0;
      print(json, { ok, checks }, () => inWords(checks));
      if (!ok) process.exitCode = 1;
    });
}

export function addRun(provider: Command): void {
  provider
    .command('run', { isDefault: true })
    .description('work until Ctrl-C: waits for the vote on it where that is open, and is ready when it says so')
    .addOption(folderOption())
    .addOption(optionalNetwork('network.json, for a process without a folder').env('LIVEPOD_NETWORK'))
    .addOption(new Option('--identity <file>', 'its identity file, without a folder').env('LIVEPOD_IDENTITY'))
    .addOption(new Option('--scratch <folder>', 'memory-backed folder for plaintext').env('LIVEPOD_SCRATCH'))
    .option('--price <tokens>', 'the least reward for a job; what offers less is refused', amountOf)
    .option('--recipes <ids>', 'the only recipes that it runs, with commas between')
    .option('--without-sandbox <sentence>', `recipes run unconfined; say: "${WITHOUT_SANDBOX}"`)
    .option('--no-wait', 'end at once when something is missing')
    .addOption(jsonOption('print errors as JSON, too; what it says of itself is JSON anyway'))
    .addHelpText(
      'after',
      '\nExample: livepod provider run\nIt prints one JSON line when it is ready, and drains on SIGTERM.',
    )
    .action(run);
}

interface RunOptions {
  folder: string;
  network?: string;
  identity?: string;
  scratch?: string;
  price?: bigint;
  recipes?: string;
  withoutSandbox?: string;
  wait: boolean;
}

async function run(options: RunOptions): Promise<void> {
  const { folder: path, network, identity, scratch, price, recipes, withoutSandbox, wait } = options;
  if (withoutSandbox !== undefined) process.env['LIVEPOD_WITHOUT_SANDBOX'] = withoutSandbox;
  if (scratch) process.env['LIVEPOD_SCRATCH'] = scratch;
  if (price !== undefined) process.env['LIVEPOD_PRICE'] = String(price);
  if (recipes) process.env['LIVEPOD_RECIPES'] = recipes;
  if (network && identity) {
    // As a stack runs it: everything is in the environment.
    Object.assign(process.env, { LIVEPOD_NETWORK: network, LIVEPOD_IDENTITY: identity });
  } else {
    const folder = openFolder(path);
    await untilReady(folder, wait);
    Object.assign(process.env, folder.environment);
  }
  await import('@livepod/workers/provider');
}

function openFolder(path: string): ProviderFolder {
  const folder = new ProviderFolder(path);
  void folder.name;
  return folder;
}

const hindrances = (checks: Check[]): Check[] => checks.filter(({ ok, needed }) => needed && !ok);

/** Waits while all that is missing is the vote. @throws CliError `badConfiguration` with everything that is missing */
async function untilReady(folder: ProviderFolder, wait: boolean): Promise<void> {
  for (let told = false; ; told = true) {
    const missing = hindrances(await checksOf(folder));
    if (missing.length === 0) return;
    const onlyVote = missing.every(({ says }) => says.endsWith('waits for its vote'));
    if (!wait || !onlyVote)
      throw new CliError(
        'badConfiguration',
        { missing: missing.map(({ name }) => name) },
        ['Not ready:', ...missing.map(sentenceOf)].join('\n'),
      );
    if (!told) say(missing.map(sentenceOf).join('\n'));
    await sleep(LOOK_AGAIN_MS);
  }
}

const sentenceOf = ({ name, says, remedy }: Check): string => `${name}: ${says}${remedy ? `; ${remedy}` : ''}.`;

const inWords = (checks: Check[]): string =>
  table(
    checks.map(({ name, ok, needed, says, remedy }) => [
      ok ? '✔' : needed ? '✘' : '!',
      name,
      `${says}${remedy ? `; ${remedy}` : ''}`,
    ]),
  );
