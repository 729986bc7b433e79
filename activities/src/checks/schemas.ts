import type { Clients } from '@livepod/client';
import { contractOf, parseRecipe, type DatasetManifest, type RecipeManifest } from '@livepod/protocol';
import { inFlight, readManifest } from '@livepod/transfer';
import { found } from './found.js';
import type { Finding } from './port.js';
import { isId } from './rounds.js';

interface NamedDataset {
  id: string | null;
  path: string;
}

/** Whether datasets describe the same measurements, and such that the recipe can learn from. */
export async function schemasOf(
  clients: Clients,
  named: NamedDataset[],
  recipe: RecipeManifest | undefined,
): Promise<Finding[]> {
  const ids = named.flatMap(({ id, path }) => (isId(id) ? [{ id, path }] : []));
  const manifests = await inFlight(ids, 8, ({ id }) => readManifest(clients, id));
  const [first] = manifests;
  if (!first) return [];
  return ids.flatMap(({ path }, index) => {
    const manifest = manifests[index]!;
    const unfit = recipe && whyUnfit(recipe, manifest);
    if (unfit !== undefined)
      return [
        found(path, `is "${manifest.title}", ${unfit.found}`, {
          expected: unfit.expected,
          remedy: `Leave it out, or train it with a recipe that fits it; ${recipe!.name} does not`,
        }),
      ];
    const other = difference(first, manifest);
    if (other === undefined) return [];
    return [
      found(path, `is "${manifest.title}", with ${other.found}`, {
        expected: `${other.expected} as "${first.title}" has them, the first of the round`,
        remedy: 'Leave it out; a job takes datasets with the same channels, labels and rate',
      }),
    ];
  });
}

function whyUnfit(
  { task, input }: RecipeManifest,
  { modality, schema }: DatasetManifest,
): { found: string; expected: string } | undefined {
  if (task === null || input === null) return undefined;
  if (input.modality !== modality) return { found: `which is of ${modality}`, expected: `one of ${input.modality}` };
  if (task.kind === 'classification' && schema.labels.length === 0)
    return { found: 'which has no labels', expected: 'labels to learn from' };
  if (contractOf({ task, input }, schema)) return undefined;
  const needed = [
    ...(task.kind === 'regression' ? [task.target.name] : []),
    ...input.tensors.flatMap(({ channels }) => channels ?? []),
  ];
  const has = schema.channels.map(({ name }) => name);
  return {
    found: `which has the channels ${has.join(', ')}`,
    expected: `one that also has ${needed.filter((name) => !has.includes(name)).join(', ')}`,
  };
}

const rate = (milliHz: number): string => `${milliHz / 1000} Hz`;

/** What differs first between two datasets, in words. */
function difference(first: DatasetManifest, other: DatasetManifest): { found: string; expected: string } | undefined {
  const channels = ({ schema }: DatasetManifest): string =>
    schema.channels.map(({ name, unit }) => `${name} in ${unit}`).join(', ');
  const parts: [string, (of: DatasetManifest) => string][] = [
    ['the channels', channels],
    ['the labels', ({ schema }) => schema.labels.join(', ')],
    ['a rate of', ({ schema }) => rate(schema.rateMilliHz)],
  ];
  for (const [what, of] of parts)
    if (of(first) !== of(other)) return { found: `${what} ${of(other)}`, expected: `${what} ${of(first)}` };
  return undefined;
}

/** Of these datasets those that the recipe can learn from together: of the schema that most of them have. */
export async function ofOneSchema(clients: Clients, ids: string[], recipe: string): Promise<Set<string>> {
  const known = await clients.access.get_recipe(recipe);
  if (!known) return new Set(ids);
  const document = parseRecipe(new Uint8Array(known.document));
  const groups = new Map<string, string[]>();
  await inFlight(ids, 8, async (id) => {
    const manifest = await readManifest(clients, id);
    if (whyUnfit(document, manifest) !== undefined) return;
    const { channels, labels, rateMilliHz } = manifest.schema;
    const schema = JSON.stringify([channels, labels, rateMilliHz]);
    groups.set(schema, [...(groups.get(schema) ?? []), id]);
  });
  const most = [...groups.values()].sort((a, b) => b.length - a.length)[0] ?? [];
  return new Set(most);
}
