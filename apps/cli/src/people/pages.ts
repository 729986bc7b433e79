import { indexOf, pageOf, type IcNetwork } from '@livepod/client';
import type { Command } from 'commander';
import { connected, jsonOption, networkOption, type Reach } from '../options.js';
import { print, table } from '../output.js';
import { datasetOf } from './datasets.js';

/** Where the gateway shows things to people. */
export function addPages(program: Command): void {
  program
    .command('pages')
    .description('addresses for a browser: all proposals, datasets, jobs, …; or one dataset and where it went')
    .argument('[dataset]', 'its id, or the beginning of it, or its title')
    .addOption(networkOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExample: livepod pages sha256:4f2a91\nA page is the answer of one replica; livepod trail, dataset show and ' +
        'proposal verify theirs.',
    )
    .action(async (named: string | undefined, reach: Reach) => {
      const clients = await connected(reach);
      const { network } = clients;
      const pages = named === undefined ? all(network) : of(network, (await datasetOf(clients, named)).id);
      print(reach.json, pages, () => table(Object.entries(pages)));
    });
}

const all = (network: IcNetwork): Record<string, string> => ({
  proposals: indexOf(network, 'proposals'),
  datasets: indexOf(network, 'datasets'),
  jobs: indexOf(network, 'jobs'),
  checkpoints: indexOf(network, 'checkpoints'),
  releases: indexOf(network, 'releases'),
  escrows: indexOf(network, 'escrows'),
  accounts: indexOf(network, 'accounts'),
});

const of = (network: IcNetwork, dataset: string): Record<string, string> => ({
  dataset: pageOf(network, 'datasets', dataset),
  votes: indexOf(network, 'proposals', { about: dataset }),
  jobs: indexOf(network, 'jobs', { dataset }),
  grants: indexOf(network, 'grants', { dataset }),
  models: indexOf(network, 'checkpoints', { dataset }),
  payments: indexOf(network, 'escrows', { dataset }),
});
