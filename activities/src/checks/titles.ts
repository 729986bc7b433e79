import { everyAfter, type Clients, type Datasets } from '@livepod/client';
import { instead } from '@livepod/protocol';
import { found } from './found.js';
import type { CheckedWorkflow, Finding } from './port.js';
import { isId, type Names } from './rounds.js';

/** Fields that take datasets, by their ids or their titles. */
const FIELDS = ['datasets', 'trainOn'];

/**
 * Puts ids where an input calls datasets by their titles. Where a title is nobody's, or several datasets', the input
 * keeps it and a finding says so.
 */
export async function titlesOf(
  clients: Clients,
  workflow: CheckedWorkflow,
  input: Record<string, unknown>,
): Promise<{ ids: Record<string, string>; named: Record<string, unknown>; findings: Finding[] }> {
  const lists = FIELDS.flatMap((field): [string, Names][] =>
    Array.isArray(input[field]) ? [[field, input[field] as Names]] : [],
  );
  const ids: Record<string, string> = {};
  const findings: Finding[] = [];
  if (lists.every(([, names]) => names.every(isNoTitle))) return { ids, named: input, findings };
  const all = await everyDataset(clients);
  const named = { ...input };
  for (const [field, names] of lists) {
    named[field] = names.map((name, index) => {
      if (isNoTitle(name)) return name;
      const accepted = field === 'trainOn' || workflow === 'trainingRound';
      const called = all.filter(({ title, status }) => title === name && (!accepted || 'accepted' in status));
      if (called.length === 1) return (ids[name] = called[0]!.id);
      findings.push(
        called.length === 0
          ? found(`${field}[${index}]`, `is ${JSON.stringify(name)}, which is no dataset's title`, {
              expected: 'an id, or the title of a registered dataset',
              remedy: `Give another one: ${instead(name, [...new Set(all.map(({ title }) => title))])}`,
            })
          : found(`${field}[${index}]`, `is ${JSON.stringify(name)}, the title of ${called.length} datasets`, {
              expected: 'one dataset',
              remedy: `Give the id of the one that you mean: ${called.map(({ id }) => id).join(', ')}`,
            }),
      );
      return name;
    });
  }
  return { ids, named, findings };
}

const isNoTitle = (name: string | null): name is null | `sha256:${string}` => name === null || isId(name);

const everyDataset = (clients: Clients): Promise<Pick<Datasets.Dataset, 'id' | 'title' | 'status'>[]> =>
  everyAfter<Datasets.Dataset, string>(
    (page) => clients.datasets.list_datasets({ ...page, status: [] }),
    (dataset) => dataset.id,
  );
