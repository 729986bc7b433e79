import { pageOf, type Clients, type Datasets } from '@livepod/client';
import { CodedError, PAGE_LIMIT } from '@livepod/protocol';
import { absence, inFlight, readManifest, type ObjectStore } from '@livepod/transfer';
import { ofOneSchema } from '../checks/schemas.js';
import { ActivityError } from '../errors.js';
import { progress } from '../registration.js';
import type { DatasetCheck, DatasetsPort, DatasetTerms } from './port.js';

/** Datasets whose pages a check names. */
const SHOWN = 3;

export function canisterDatasets(clients: Clients, objects?: ObjectStore): DatasetsPort {
  return {
    check: ({ datasets }) => {
      let checked = 0;
      return inFlight(datasets, 8, async (id, index) => {
        const verdict = await check(id, clients, objects);
        progress({ checked: ++checked, of: datasets.length });
        // The workflow's page has room for a few.
        return index < SHOWN ? { ...verdict, link: pageOf(clients.network, 'datasets', id) } : verdict;
      });
    },
    terms: ({ datasets }) => inFlight([...datasets].sort(), 8, (id) => termsOf(clients, id)),
    async standing({ limit, recipe }) {
      const submitted = await withStatus(clients, 'submitted', limit);
      const accepted = await withStatus(clients, 'accepted', limit);
      if (recipe === undefined) return { submitted, accepted };
      const fits = await ofOneSchema(clients, [...submitted, ...accepted], recipe);
      return { submitted: submitted.filter((id) => fits.has(id)), accepted: accepted.filter((id) => fits.has(id)) };
    },
    async close({ rejected }) {
      await inFlight(rejected, 4, ({ dataset, proposal }) =>
        clients.datasets.close_dataset({ dataset, proposal: BigInt(proposal) }),
      );
    },
  };
}

async function check(id: string, clients: Clients, objects?: ObjectStore): Promise<DatasetCheck> {
  const dataset = await clients.datasets.get_dataset(id);
  if (!dataset)
    return {
      id,
      title: '',
      contributor: '',
      state: 'refused',
      why: 'the datasets canister does not know it; its contributor has to register it first',
      megabytes: 0,
    };
  const known = {
    id,
    title: dataset.title,
    contributor: dataset.contributor.toText(),
    megabytes: Number(dataset.bytes) / 1e6,
  };
  if ('accepted' in dataset.status) return { ...known, state: 'accepted', why: 'it was accepted before' };
  if (!('submitted' in dataset.status)) return { ...known, state: 'refused', why: `it is ${stateOf(dataset)}` };
  try {
    const why = await absence(await readManifest(clients, id), clients, objects);
    return why === undefined ? { ...known, state: 'ready', why: '' } : { ...known, state: 'refused', why };
  } catch (error) {
    if (error instanceof CodedError && error.name === 'ProtocolError')
      return { ...known, state: 'refused', why: error.message };
    throw error;
  }
}

/** @throws ActivityError `notAccepted` */
async function termsOf(clients: Clients, id: string): Promise<DatasetTerms> {
  const dataset = await clients.datasets.get_dataset(id);
  if (!dataset || !('accepted' in dataset.status)) {
    const state = dataset ? stateOf(dataset) : 'not registered';
    throw new ActivityError(
      'notAccepted',
      { dataset: id, state },
      `Dataset ${id} is ${state}; only accepted datasets can be trained on. Leave it out, or have it accepted first.`,
    );
  }
  return {
    id,
    epoch: dataset.key_epoch,
    fee: dataset.fee.toString(),
    contributor: dataset.contributor.toText(),
    access: 'vote' in dataset.access ? 'vote' : 'fee',
  };
}

const stateOf = ({ status }: { status: Datasets.Status }): string => Object.keys(status)[0]!;

/** In the order of their ids, at most `limit`. */
async function withStatus(clients: Clients, status: 'submitted' | 'accepted', limit: number): Promise<string[]> {
  const found: string[] = [];
  for (let after: [] | [string] = []; found.length < limit;) {
    const page: { id: string }[] = await clients.datasets.list_datasets({
      after,
      limit: PAGE_LIMIT,
      status: [{ [status]: null } as Datasets.Status],
    });
    found.push(...page.map(({ id }) => id));
    if (page.length < PAGE_LIMIT) break;
    after = [page.at(-1)!.id];
  }
  return found.slice(0, limit);
}
