/**
 * What may be voted, besides motions: the governed methods, registered with governance as generic functions (an SNS
 * takes the same table). The Rust side is held to `vectors/governed.json`; a method's argument is in its canister's
 * .did file.
 */

/** What a method's argument says, as JSON: principals and numbers beyond 32 bits as text. */
export type VotedArgument = Record<string, unknown>;

/** What an executed vote leaves in the log of its canister. */
interface Effect {
  kind: string;
  /** Fields of that entry which the argument decides. */
  fields: (argument: VotedArgument) => VotedArgument;
  /** Whether the governor itself makes the entry; otherwise it follows from what was voted. */
  byGovernor: boolean;
}

interface Governed {
  /** The function's id. */
  id: number;
  canister: 'datasets' | 'access' | 'models' | 'fleet' | 'treasury' | 'governance' | 'root';
  /** What it does, for voters. */
  says: string;
  /** How the client references of its proposals begin, and whether a round's name follows. */
  reference?: { kind: string; ofRound: boolean };
  /**
   * `stop`: it stops something or takes it back, and has room of its own, goes first and waits for nothing once it
   * passed. `constitutional`: it changes what bounds the other votes, by a longer vote. Without it: ordinary.
   */
  lane?: 'stop' | 'constitutional';
  /** None of what changes a canister's code: the new module's log begins where the old one's ended. */
  effect?: Effect;
}

/** An effect whose fields are named as the argument's. */
const effect = (kind: string, ...names: string[]): Effect => ({
  kind,
  fields: (argument) => Object.fromEntries(names.map((name) => [name, argument[name]])),
  byGovernor: true,
});

export const GOVERNED = {
  accept_dataset: {
    id: 1001,
    canister: 'datasets',
    says: 'Accepts a dataset: approved providers may train on it under its licence',
    reference: { kind: 'intake', ofRound: true },
    effect: effect('accepted', 'dataset'),
  },
  approve_recipe: {
    id: 1002,
    canister: 'access',
    says: 'Approves a recipe: jobs may run it',
    effect: effect('recipeApproved', 'recipe'),
  },
  approve_provider: {
    id: 1003,
    canister: 'access',
    says: 'Approves a provider: it may take jobs and receive keys of datasets',
    effect: effect('providerApproved', 'provider'),
  },
  adopt_checkpoint: {
    id: 1004,
    canister: 'models',
    says: 'Makes a checkpoint official on a channel and opens its release',
    reference: { kind: 'adopt', ofRound: true },
    effect: effect('checkpointAdopted', 'checkpoint', 'channel'),
  },
  rollback_channel: {
    id: 1005,
    canister: 'models',
    says: 'Sets a channel to an official version',
    reference: { kind: 'rollback', ofRound: false },
    effect: effect('channelRolledBack', 'channel', 'version', 'reason'),
    lane: 'stop',
  },
  slash_bond: {
    id: 1006,
    canister: 'treasury',
    says: 'Takes a part of a bond',
    reference: { kind: 'slash', ofRound: true },
    effect: effect('bond_slashed', 'holder', 'amount', 'reason'),
  },
  stop_release: {
    id: 1007,
    canister: 'fleet',
    says: 'Stops a release: its pods go back to the stable checkpoint',
    effect: {
      kind: 'releaseStopped',
      fields: ({ release, reason }) => ({ release: Number(release), by: 'governor', reason }),
      byGovernor: true,
    },
    lane: 'stop',
  },
  appoint_evaluator: {
    id: 1008,
    canister: 'models',
    says: 'Appoints an evaluator: its signed measurements count',
    effect: effect('evaluatorAppointed', 'evaluator'),
  },
  grant_access: {
    id: 1009,
    canister: 'access',
    says: 'Lets one job use datasets whose licence asks for a vote',
    reference: { kind: 'access', ofRound: true },
    effect: {
      kind: 'granted',
      fields: ({ job }) => ({ job: Number(job), why: 'vote' }),
      byGovernor: false,
    },
  },
  publish_root: {
    id: 1010,
    canister: 'models',
    says: 'Publishes root metadata: the keys that pods trust',
    effect: effect('rootPublished'),
  },
  lift_slash: {
    id: 1030,
    lane: 'stop',
    canister: 'treasury',
    says: 'Gives back what a slashing took, while it is held back',
    effect: {
      kind: 'slash_lifted',
      fields: ({ case: number, reason }) => ({ case: Number(number), reason }),
      byGovernor: true,
    },
  },
  set_operators: {
    id: 1011,
    canister: 'fleet',
    says: 'Names who drives releases, and which people may steer them',
    effect: effect('operatorsSet', 'operators', 'drivers'),
  },
  set_parameters: {
    id: 1101,
    canister: 'governance',
    says: 'Sets the parameters of voting, within what the articles allow',
    effect: effect('parameters_set'),
  },
  set_articles: {
    id: 1102,
    canister: 'governance',
    says: 'Sets the articles: what no other vote may go below, and how each kind of proposal is decided',
    effect: effect('articles_set'),
    lane: 'constitutional',
  },
  slash_reputation: {
    id: 1103,
    canister: 'governance',
    says: 'Takes reputation from a neuron',
    effect: effect('reputation_changed', 'reason'),
  },
  revoke_provider: {
    id: 1020,
    lane: 'stop',
    canister: 'access',
    says: "Takes a provider's approval back: no further job, no further key",
    effect: effect('providerRevoked', 'provider', 'reason'),
  },
  revoke_recipe: {
    id: 1021,
    lane: 'stop',
    canister: 'access',
    says: "Takes a recipe's approval back: no job names it, none that does gets a further key",
    effect: effect('recipeRevoked', 'recipe', 'reason'),
  },
  revoke_grant: {
    id: 1022,
    lane: 'stop',
    canister: 'access',
    says: 'Takes one grant back: no further key under it',
    effect: {
      kind: 'revoked',
      fields: ({ grant, reason }) => ({ grant: Number(grant), reason }),
      byGovernor: true,
    },
  },
  revoke_evaluator: {
    id: 1023,
    lane: 'stop',
    canister: 'models',
    says: "Takes an evaluator's appointment back: its measurements count no more",
    effect: effect('evaluatorRevoked', 'evaluator', 'reason'),
  },
  revoke_dataset: {
    id: 1024,
    lane: 'stop',
    canister: 'datasets',
    says: 'Takes an accepted dataset back: no further job, no further key of it',
    effect: effect('revoked', 'dataset', 'reason'),
  },
  adopt_bucket_wasm: {
    id: 1025,
    canister: 'datasets',
    says: 'Names the Wasm of new buckets by its hash; anybody then brings it',
    effect: {
      kind: 'bucketWasmAdopted',
      fields: ({ wasm_hash }) => ({ sha256: wasm_hash }),
      byGovernor: true,
    },
  },
  upgrade_bucket: {
    id: 1026,
    canister: 'datasets',
    says: 'Brings one bucket to the Wasm of new buckets; its chunks stay',
    effect: {
      kind: 'bucketUpgraded',
      fields: ({ bucket, wasm_hash }) => ({ bucket, sha256: wasm_hash }),
      byGovernor: true,
    },
  },
  upgrade_canister: {
    id: 1027,
    lane: 'constitutional',
    canister: 'root',
    says: 'Upgrades a canister by the hash of its Wasm',
  },
  upgrade_root: {
    id: 1028,
    lane: 'constitutional',
    canister: 'governance',
    says: 'Upgrades the root canister, which controls the others, by the hash of its Wasm',
  },
} as const satisfies Record<string, Governed>;

export type GovernedMethod = keyof typeof GOVERNED;
export const GOVERNED_METHODS = Object.keys(GOVERNED) as GovernedMethod[];

/** The lane in which a method's proposals are decided. */
export const laneOf = (method: GovernedMethod): 'stop' | 'ordinary' | 'constitutional' =>
  (GOVERNED[method] as Governed).lane ?? 'ordinary';

/** The function id of a motion, which nothing is carried out for. */
export const MOTION = 1;

/** What voters are asked to check and the target checks before the vote: the method's validator. */
export const validatorOf = (method: GovernedMethod): string => `validate_${method}`;

/** The method of a function id; undefined for a motion, and for what is not in the table. */
export const governedMethod = (id: number | bigint): GovernedMethod | undefined =>
  GOVERNED_METHODS.find((method) => BigInt(GOVERNED[method].id) === BigInt(id));

type Referenced = {
  [M in GovernedMethod]: (typeof GOVERNED)[M] extends { reference: object } ? M : never;
}[GovernedMethod];

/** A proposal's client reference: what is proposed, for which round (or channel), and which of those. */
export const voteReference = (method: Referenced, ...parts: readonly (string | number)[]): string =>
  [GOVERNED[method].reference.kind, ...parts].join('/');

/** How the client references of a method's proposals begin. */
export const referencePrefix = (method: Referenced): string => `${GOVERNED[method].reference.kind}/`;

/** The round that a client reference names; undefined when it names none. */
export function roundOfReference(reference: string): string | undefined {
  const [kind, round] = reference.split('/');
  const rows: Governed[] = Object.values(GOVERNED);
  return rows.some(({ reference: named }) => named?.ofRound && named.kind === kind) ? round : undefined;
}
