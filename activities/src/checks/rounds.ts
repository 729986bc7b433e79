import { everyAfter, type Access, type Clients } from '@livepod/client';
import {
  contractOf,
  instead,
  PAGE_LIMIT,
  parseApproval,
  parseRecipe,
  windowLength,
  type CheckpointManifest,
  type RecipeManifest,
} from '@livepod/protocol';
import { inFlight, readManifest } from '@livepod/transfer';
import { readCheckpoint } from '../models/checkpointFiles.js';
import type { Providers } from './canister.js';
import { brief, found } from './found.js';
import type { Finding } from './port.js';

/** What a round's input names, as far as it could be read. */
export interface NamedRound {
  round?: string;
  channel?: string;
  provider?: string;
  recipe?: string;
  arguments?: Record<string, number | string>;
  datasets?: Names;
  trainOn?: Names;
  base?: string | null;
  seed?: number;
  reward?: string;
}
/** Ids of datasets; null where what stands there is none. */
export type Names = (string | null)[];

/** Whether a provider can be reached, and may take jobs. */
export async function providerOf(clients: Clients, providers: Providers, name: string | undefined): Promise<Finding[]> {
  if (name === undefined) return [];
  const names = await providers.names();
  if (names && !names.includes(name))
    return [
      found('provider', `is "${name}": There is no provider ${name}, no Nexus endpoint has that name`, {
        expected: 'the name of a Nexus endpoint',
        remedy: `Check the name (${instead(name, names)}), or have the endpoint created`,
      }),
    ];
  if (!providers.shareKey(name)) return [withoutKey(name)];
  const registered = (await registeredProviders(clients)).filter((provider) => provider.name === name);
  if (registered.some(isApproved)) return [];
  return [
    found('provider', `is "${name}", which is ${registered.length > 0 ? 'not approved yet' : 'not registered'}`, {
      expected: 'a provider that voters approved',
      remedy: registered.length > 0 ? 'Have it voted in first' : 'Have it registered: livepod provider register',
    }),
  ];
}

const registeredProviders = (clients: Clients): Promise<Access.Provider[]> =>
  everyAfter<Access.Provider, Access.Provider['id']>(
    (page) => clients.access.list_providers(page),
    (provider) => provider.id,
  );

const withoutKey = (name: string): Finding =>
  found('provider', `is "${name}", with whom no key is shared, so that nothing could be sent to it`, {
    expected: 'a provider with whom a key is shared',
    remedy: `Make a key with livepod codec share ${name}, and hand it over`,
  });

export interface RecipeFound {
  findings: Finding[];
  /** Undefined where it is unknown. */
  document?: RecipeManifest;
}

/** The recipe, and its arguments. */
export async function recipeOf(
  clients: Clients,
  { recipe, arguments: given = {} }: Pick<NamedRound, 'recipe' | 'arguments'>,
): Promise<RecipeFound> {
  if (recipe === undefined) return { findings: [] };
  const known = await clients.access.get_recipe(recipe);
  if (!known) {
    const approved = (await clients.access.list_recipes({ after: [], limit: PAGE_LIMIT })).filter(isApproved);
    const there = approved.map(({ id, name, version }) => `${name} ${version} is ${id}`).join('; ');
    return {
      findings: [
        found('recipe', `is ${brief(recipe)}, which the access canister does not know`, {
          expected: 'the id of an approved recipe',
          remedy: approved.length === 0 ? 'Have one submitted and approved first' : `Give another one: ${there}`,
        }),
      ],
    };
  }
  const document = parseRecipe(new Uint8Array(known.document));
  const findings = isApproved(known.recipe)
    ? []
    : [
        found('recipe', `is ${document.name} ${document.version}, which is not approved yet`, {
          expected: 'an approved recipe',
          remedy: 'Have it voted in first',
        }),
      ];
  return { findings: [...findings, ...argumentsOf(document, given)], document };
}

const isApproved = ({ status }: { status: Access.Status }): boolean => 'approved' in status;

function argumentsOf(recipe: RecipeManifest, given: Record<string, number | string>): Finding[] {
  return Object.entries(given).flatMap(([name, value]) => {
    const path = `arguments.${name}`;
    const range = recipe.hyperparameters[name];
    if (!range) {
      const remedy = `Leave it out, or name another one: ${instead(name, Object.keys(recipe.hyperparameters))}`;
      return [found(path, `is no hyper-parameter of recipe ${recipe.name}`, { expected: 'one that it has', remedy })];
    }
    const { kind, min, max } = range;
    const rightKind = (kind === 'integer') === (typeof value === 'number');
    if (rightKind && Number(value) >= Number(min) && Number(value) <= Number(max)) return [];
    const expected = `${kind === 'integer' ? 'a whole number' : 'a decimal as text'} from ${min} to ${max}`;
    return [found(path, `is ${JSON.stringify(value)}`, { expected, remedy: `Give ${expected}` })];
  });
}

/** Whether datasets are there, in a state in which this field takes them. */
export async function datasetsOf(
  clients: Clients,
  field: string,
  ids: Names = [],
  states: ('submitted' | 'accepted')[],
): Promise<Finding[]> {
  const findings = await inFlight(ids, 8, async (id, index): Promise<Finding[]> => {
    const path = `${field}[${index}]`;
    if (!isId(id)) return []; // no dataset's title: that is said already
    const dataset = await clients.datasets.get_dataset(id);
    if (!dataset)
      return [
        found(path, `is ${brief(id)}, which is not registered`, {
          expected: 'a registered dataset',
          remedy: 'Have its contributor register it first, or leave it out',
        }),
      ];
    const state = Object.keys(dataset.status)[0]!;
    if ((states as string[]).includes(state)) return [];
    const remedy =
      state === 'submitted' ? 'Put it under "datasets", so that it is voted on' : 'Leave it out; it stays as it is';
    return [
      found(path, `is "${dataset.title}", which is ${state}`, {
        expected: `one that is ${states.join(' or ')}`,
        remedy,
      }),
    ];
  });
  return findings.flat();
}

/** Whether it is an id, and not something that is refused already. */
export const isId = (name: string | null): name is string => name?.startsWith('sha256:') === true;

/** The checkpoint to go on from: official, of this recipe's model, and trained on what these datasets measure. */
export async function baseOf(
  clients: Clients,
  base: string | null | undefined,
  recipe: RecipeManifest | undefined,
  dataset: string | undefined,
): Promise<Finding[]> {
  if (base === null || base === undefined) return [];
  const checkpoint = await clients.models.get_checkpoint(base);
  const official = { expected: 'an official checkpoint', remedy: 'Train from one that was voted in, or from null' };
  if (!checkpoint) return [found('base', `is ${brief(base)}, which the models canister does not know`, official)];
  if (!('official' in checkpoint.state))
    return [found('base', `is ${brief(base)}, which is ${Object.keys(checkpoint.state)[0]!}`, official)];
  if (recipe && checkpoint.model !== recipe.name)
    return [
      found('base', `is a checkpoint of the model ${checkpoint.model}`, {
        expected: `one of ${recipe.name}, which the recipe trains`,
        remedy: 'Give another base or another recipe, or train from null',
      }),
    ];
  if (!recipe?.task || !recipe.input || dataset === undefined) return [];
  const [manifest, { schema }] = await Promise.all([readCheckpoint(clients, base), readManifest(clients, dataset)]);
  const contract = contractOf({ task: recipe.task, input: recipe.input }, schema);
  if (!contract) return [];
  const [sees, needs] = [windowLength(manifest.input.window), windowLength(contract.input.window)];
  if (sees !== needs)
    return [
      found('base', `is ${brief(base)}, which sees ${sees} samples at once`, {
        expected: `one that sees ${needs}, as ${recipe.name} ${recipe.version} does`,
        remedy: 'Train from another base, or from null',
      }),
    ];
  if (answers(manifest) === answers(contract)) return [];
  return [
    found('base', `is ${brief(base)}, which answers with ${answers(manifest)}`, {
      expected: `one that answers with ${answers(contract)}, as these datasets do`,
      remedy: 'Train from another base, or from null',
    }),
  ];
}

const answers = ({ task }: Pick<CheckpointManifest, 'task'>): string =>
  task.kind === 'classification'
    ? `the labels ${task.labels.join(', ')}`
    : `${task.target.name} in ${task.target.unit}`;

/** Whether the round's name was given to another job, or to one that is over. */
export async function roundUsedBefore(clients: Clients, { round, ...order }: NamedRound): Promise<Finding[]> {
  if (round === undefined) return [];
  for (let after: [] | [bigint] = []; ;) {
    const page: Access.Job[] = await clients.access.list_jobs({ after, limit: PAGE_LIMIT });
    const used = page.find(({ client_ref: ref }) => ref === `round/${round}`);
    if (used) return usedFor(round, order, used);
    if (page.length < PAGE_LIMIT) return [];
    after = [page.at(-1)!.id];
  }
}

function usedFor(round: string, order: NamedRound, job: Access.Job): Finding[] {
  const state = Object.keys(job.state)[0]!;
  const open = ['requested', 'granted', 'submitted'].includes(state);
  const was = `job ${job.id}: recipe ${brief(job.recipe)} on ${job.datasets.length} datasets, which is ${state}`;
  if (open && isRepeat(order, job)) return [];
  return [
    found('round', `is "${round}", which was used before for ${was}`, {
      expected: 'a name that no round has had',
      remedy: `Give another name, such as ${next(round)}`,
    }),
  ];
}

/** Whether the order is that job's; a field that could not be read is no difference. */
function isRepeat({ datasets: wanted, ...order }: NamedRound, job: Access.Job): boolean {
  const { recipe, base, datasets, seed, reward } = parseApproval(new Uint8Array(job.approval));
  const same = <T>(asked: T | undefined, had: T): boolean => asked === undefined || asked === had;
  return (
    same(order.recipe, recipe) &&
    same(order.base, base) &&
    same(order.seed, seed) &&
    same(order.reward, reward) &&
    // Voters may have kept some of them out.
    (wanted === undefined || wanted.includes(null) || datasets.every(({ id }) => wanted.includes(id)))
  );
}

/** `round-7` → `round-8`; `round` → `round-2`. */
function next(name: string): string {
  const counted = /^(.*?)([0-9]{1,9})$/.exec(name);
  return counted ? `${counted[1]}${Number(counted[2]) + 1}` : `${name}-2`;
}
