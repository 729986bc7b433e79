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
  canister: 'datasets' | 'access' | 'models' | 'fleet' | 'treasury';
  /** What it does, for voters. */
  says: string;
  /** How the client references of its proposals begin, and whether a round's name follows. */
  reference?: { kind: string; ofRound: boolean };
  effect: Effect;
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
} as const satisfies Record<string, Governed>;

export type GovernedMethod = keyof typeof GOVERNED;
export const GOVERNED_METHODS = Object.keys(GOVERNED) as GovernedMethod[];

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
