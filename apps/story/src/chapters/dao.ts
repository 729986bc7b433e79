import {
  approve,
  balance,
  connect,
  decision,
  neuronId,
  propose,
  stake,
  type Clients,
  type GovernedMethod,
  type GovernedPayloads,
} from '@livepod/client';
import { documentId } from '@livepod/protocol';
import { recipeDocument } from '@livepod/recipes';
import { contributor, TOKEN, VOTERS } from '../cast.js';
import { insist, until } from '../patience.js';
import { StoryError } from '../errors.js';
import type { Chapter, Theatre } from './chapter.js';

const YEAR_SECONDS = 365 * 24 * 3600;
export const PROVIDER_BOND = 200n * TOKEN;
const CONTRIBUTOR_BOND = 20n * TOKEN;
const RECIPE = 'motion-cnn';

/** Who holds what before the story begins: voters their stakes, the rest what they need to take part. */
export function firstBalances(theatre: Pick<Theatre, 'cast' | 'people'>): { owner: string; amount: bigint }[] {
  const { cast, people } = theatre;
  return [
    ...VOTERS.map(({ name, stake }) => ({ owner: cast.principal(name), amount: stake + 10n * TOKEN })),
    { owner: cast.principal('orchestrator'), amount: 10_000n * TOKEN },
    { owner: cast.principal('provider'), amount: 1_000n * TOKEN },
    // For people who come to the story: the docs' pages have them send themselves something from it.
    { owner: cast.principal('bank'), amount: 100_000n * TOKEN },
    ...contributors(people).map((name) => ({ owner: cast.principal(name), amount: 100n * TOKEN })),
  ];
}

const contributors = (people: Theatre['people']): string[] => [
  ...[...people.first, ...people.second].map(contributor),
  'contributor-careless',
  'contributor-newcomer',
];

/** Voters lock their stakes; provider, evaluator and recipe are voted in; bonds are posted. */
export const dao: Chapter = {
  title: 'The DAO: stakes, bonds, and a vote on recipe, provider and evaluator',
  async tell(theatre) {
    const { voters, cast, network, memory } = theatre;
    theatre.tell('voters lock their stakes');
    await insist('stakes', () => voters.stake());
    if (!memory.told.ledgerBefore) await noteBalances(theatre);

    const orchestrator = await connect(network, cast.identity('orchestrator'));
    await insist('the orchestrator’s neuron', () =>
      stake(orchestrator, { amount: 10n * TOKEN, dissolveDelaySeconds: YEAR_SECONDS }),
    );
    await insist('the orchestrator’s allowance', () => approve(orchestrator, 5_000n * TOKEN));

    theatre.tell('provider and contributors post their bonds');
    const provider = await connect(network, cast.identity('provider'));
    await postBond(provider, 'provider', PROVIDER_BOND);
    await insist('the provider’s registration', () =>
      provider.access.register_provider({ name: 'provider-1', class: { bonded: null } }),
    );
    for (const name of contributors(theatre.people))
      await postBond(await connect(network, cast.identity(name)), 'contributor', CONTRIBUTOR_BOND);

    const document = await recipeDocument(RECIPE);
    const recipe = documentId(document);
    memory.note((told) => void (told.recipe = recipe));
    await insist('the recipe', () => voters.first.access.submit_recipe({ document }));

    theatre.tell('the vote on recipe, provider and evaluator');
    await pass(voters.first, 'approve_recipe', { recipe }, `recipe ${RECIPE}`, recipe.slice(7, 23));
    await pass(
      voters.first,
      'approve_provider',
      { provider: cast.identity('provider').getPrincipal() },
      'provider-1',
      'provider-1',
    );
    await pass(
      voters.first,
      'appoint_evaluator',
      { evaluator: cast.identity('evaluator').getPrincipal() },
      'the evaluator',
      'evaluator',
    );
    theatre.tell(`recipe ${recipe.slice(0, 15)}…, provider-1 and the evaluator are approved`);
  },
};

/** Brings a bond up to this amount; what was slashed is posted anew. */
export async function postBond(clients: Clients, purpose: 'provider' | 'contributor', amount: bigint): Promise<void> {
  const kind = purpose === 'provider' ? { provider: null } : { contributor: null };
  const bond = await insist('reading a bond', () =>
    clients.treasury.get_bond({ holder: clients.principal, purpose: kind }),
  );
  const missing = amount - (bond?.amount ?? 0n);
  if (missing <= 0n) return;
  await insist('an allowance', () => approve(clients, missing + TOKEN));
  await insist('a bond', () =>
    clients.treasury.post_bond({
      purpose: kind,
      amount: missing,
      client_ref: `bond-${purpose}${bond ? `-${bond.slashed}` : ''}`,
    }),
  );
}

/** Proposes and waits until it is executed. */
async function pass<M extends GovernedMethod>(
  clients: Clients,
  method: M,
  payload: GovernedPayloads[M],
  what: string,
  ref: string,
): Promise<void> {
  const { proposal } = await insist(`a proposal on ${what}`, () =>
    propose(clients, {
      method,
      payload,
      clientRef: `${method}-${ref}`.slice(0, 50),
      title: `Approve ${what}`,
      summary: `Approve ${what}.`,
      neuron: neuronId(clients.principal),
    }),
  );
  const made = await until(
    `the vote on ${what}`,
    async () => {
      const now = await decision(clients, proposal);
      return now.outcome === 'open' || now.outcome === 'adopted' ? undefined : now;
    },
    180,
  );
  if (made.outcome !== 'executed')
    throw new StoryError(
      'wentWrong',
      { proposal, outcome: made.outcome },
      `Proposal ${proposal} on ${what} ended as ${made.outcome}: ${made.failure ?? 'see it in governance'}.`,
    );
}

/** Balances by role, in e8s; a role's account is its principal's main account. */
export async function balances({ network, cast, people }: Theatre): Promise<Record<string, string>> {
  const clients = await connect(network);
  const roles = [...VOTERS.map(({ name }) => name), 'orchestrator', 'provider', ...contributors(people)];
  const held = await Promise.all(
    roles.map(
      async (role) =>
        [role, String(await insist(`the balance of ${role}`, () => balance(clients, cast.principal(role))))] as const,
    ),
  );
  const treasury = String(await insist('the treasury’s balance', () => balance(clients, network.canisters.treasury)));
  const supply = String(await insist('the supply', () => clients.ledger.icrc1_total_supply()));
  return Object.fromEntries([...held, ['treasury', treasury], ['totalSupply', supply]]);
}

async function noteBalances(theatre: Theatre): Promise<void> {
  const before = await balances(theatre);
  theatre.memory.note((told) => void (told.ledgerBefore = before));
}
