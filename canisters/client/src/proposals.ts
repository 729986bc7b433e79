import { IDL } from '@dfinity/candid';
import {
  GOVERNED,
  governedMethod,
  hex,
  MOTION,
  outcomeOfVote,
  PAGE_LIMIT,
  WITHDRAWN_ERROR,
  type GovernedMethod,
  type VoteOutcome,
} from '@livepod/protocol';
import { interfaces, type Canisters, type Clients } from './connect.js';
import { CanisterError } from './errors.js';
import type {
  Articles,
  NervousSystemFunction,
  Parameters,
  ProposalData,
  SlashReputation,
} from './generated/governance.js';
import type { AcceptDataset, AdoptBucketWasm, RevokeDataset, UpgradeBucket } from './generated/datasets.js';
import type {
  ApproveProvider,
  ApproveRecipe,
  GrantAccess,
  RevokeGrant,
  RevokeProvider,
  RevokeRecipe,
} from './generated/access.js';
import type {
  AdoptCheckpoint,
  AppointEvaluator,
  PublishRoot,
  RevokeEvaluator,
  RollbackChannel,
} from './generated/models.js';
import type { Upgrade } from './generated/root.js';
import type { LiftSlash, SlashBond } from './generated/treasury.js';
import type { SetOperators, StopRelease } from './generated/fleet.js';
import { command, governanceError, neuronId } from './neurons.js';

/** What each governed method takes, as the generated Candid types have it. */
export interface GovernedPayloads {
  accept_dataset: AcceptDataset;
  approve_recipe: ApproveRecipe;
  approve_provider: ApproveProvider;
  adopt_checkpoint: AdoptCheckpoint;
  rollback_channel: RollbackChannel;
  slash_bond: SlashBond;
  lift_slash: LiftSlash;
  stop_release: StopRelease;
  appoint_evaluator: AppointEvaluator;
  grant_access: GrantAccess;
  publish_root: PublishRoot;
  set_operators: SetOperators;
  set_parameters: Parameters;
  set_articles: Articles;
  slash_reputation: SlashReputation;
  revoke_provider: RevokeProvider;
  revoke_recipe: RevokeRecipe;
  revoke_grant: RevokeGrant;
  revoke_evaluator: RevokeEvaluator;
  revoke_dataset: RevokeDataset;
  adopt_bucket_wasm: AdoptBucketWasm;
  upgrade_bucket: UpgradeBucket;
  upgrade_canister: Upgrade;
  upgrade_root: Upgrade;
}

export interface ProposalWords {
  /** At most 50 bytes; a repeat by the same neuron with the same reference returns the first proposal. */
  clientRef: string;
  title: string;
  summary: string;
  /** The proposing neuron; without it the caller's own with memo 0. */
  neuron?: Uint8Array;
}

export interface ProposalRequest<M extends GovernedMethod = GovernedMethod> extends ProposalWords {
  method: M;
  payload: GovernedPayloads[M];
}

/** A proposal as it stands. Times in seconds since the epoch, 0 = not yet; voting power in e8s of effective stake. */
export interface Decision {
  proposal: number;
  outcome: VoteOutcome;
  title: string;
  method: GovernedMethod | 'motion' | 'other';
  clientRef: string;
  /** The neuron that made it, in hex. */
  proposer: string;
  /** The validator's words, which voters read. */
  rendering: string;
  /** The proposer's own words. */
  summary: string;
  madeSeconds: number;
  deadlineSeconds: number;
  decidedSeconds: number;
  executedSeconds: number;
  failedSeconds: number;
  /** Why the execution failed. */
  failure?: string;
  yes: bigint;
  no: bigint;
  total: bigint;
}

export interface ProposalReceipt {
  proposal: number;
  deadlineSeconds: number;
}

/** A governed method's Candid arguments. */
export function encodePayload<M extends GovernedMethod>(method: M, payload: GovernedPayloads[M]): Uint8Array {
  const service = interfaces[GOVERNED[method].canister].idlFactory({ IDL });
  const signature = service._fields.find(([name]) => name === method)?.[1];
  if (!signature)
    throw new CanisterError(
      'invalid',
      { method },
      `${GOVERNED[method].canister} has no method ${method}; run npm run bindings.`,
    );
  return IDL.encode(signature.argTypes, [payload]);
}

/**
 * Puts a governed method to the vote, once per client reference. The target's validator is asked first.
 *
 * @throws CanisterError `invalidProposal` with the validator's words · `notAuthorized` · `preconditionFailed` (too
 *   little stake or delay) · `network`
 */
export function propose<M extends GovernedMethod>(
  clients: Clients,
  request: ProposalRequest<M>,
): Promise<ProposalReceipt> {
  const payload = encodePayload(request.method, request.payload);
  const functionId = BigInt(GOVERNED[request.method].id);
  return submit(clients, request, { ExecuteGenericNervousSystemFunction: { function_id: functionId, payload } });
}

/** Puts a text to the vote. */
export function proposeMotion(clients: Clients, words: ProposalWords & { motion: string }): Promise<ProposalReceipt> {
  return submit(clients, words, { Motion: { motion_text: words.motion } });
}

/** Puts a new governed method to the vote: what governance may call, and what checks it before. */
export function proposeFunction(
  clients: Clients,
  words: (ProposalWords & { add: NervousSystemFunction }) | (ProposalWords & { remove: number }),
): Promise<ProposalReceipt> {
  return submit(
    clients,
    words,
    'add' in words
      ? { AddGenericNervousSystemFunction: words.add }
      : { RemoveGenericNervousSystemFunction: BigInt(words.remove) },
  );
}

type Action =
  | { Motion: { motion_text: string } }
  | { AddGenericNervousSystemFunction: NervousSystemFunction }
  | { RemoveGenericNervousSystemFunction: bigint }
  | { ExecuteGenericNervousSystemFunction: { function_id: bigint; payload: Uint8Array } };

async function submit(clients: Clients, words: ProposalWords, action: Action): Promise<ProposalReceipt> {
  const neuron = words.neuron ?? neuronId(clients.principal);
  const reply = await command(clients, neuron, {
    MakeProposal: { title: words.title, summary: words.summary, url: `livepod:${words.clientRef}`, action: [action] },
  });
  const id = 'MakeProposal' in reply ? reply.MakeProposal.proposal_id[0]?.id : undefined;
  if (id === undefined) throw governanceError('MakeProposal');
  const { deadlineSeconds } = await decision(clients, id);
  return { proposal: Number(id), deadlineSeconds };
}

/**
 * Votes with one neuron. A second vote of the same neuron is an error, also when it is the same one.
 *
 * @throws CanisterError `voteClosed` after the deadline or the decision · `alreadyVoted` · `notAuthorized` · `notFound`
 */
export async function vote(
  clients: Clients,
  ballot: { proposal: number | bigint; vote: 'yes' | 'no'; neuron?: Uint8Array },
): Promise<void> {
  await command(clients, ballot.neuron ?? neuronId(clients.principal), {
    RegisterVote: { vote: ballot.vote === 'yes' ? 1 : 2, proposal: [{ id: BigInt(ballot.proposal) }] },
  });
}

/** Takes back an open proposal; its proposer only. A repeat does nothing. */
export async function withdraw(clients: Clients, proposal: number | bigint): Promise<void> {
  await clients.governance.withdraw_proposal({ proposal: BigInt(proposal) });
}

/** How a proposal stands; by `clients.certified`, on the whole subnet's word. @throws CanisterError `notFound` */
export async function decision(clients: Pick<Canisters, 'governance'>, proposal: number | bigint): Promise<Decision> {
  const [result] = (await clients.governance.get_proposal({ proposal_id: [{ id: BigInt(proposal) }] })).result;
  if (!result || 'Error' in result) throw governanceError('get_proposal', result?.Error);
  return decisionOf(result.Proposal);
}

const OPEN = 1;

interface ProposalsPage {
  before?: number;
  limit?: number;
  open?: boolean;
}

/** Proposals newest first, a page at a time; `open: true` lists only those that can still be voted on. */
export async function listProposals(clients: Clients, page: ProposalsPage = {}): Promise<Decision[]> {
  return (await pageOfProposals(clients, page)).map(decisionOf);
}

async function pageOfProposals(clients: Clients, page: ProposalsPage): Promise<ProposalData[]> {
  const { proposals } = await clients.governance.list_proposals({
    before_proposal: page.before === undefined ? [] : [{ id: BigInt(page.before) }],
    limit: page.limit ?? PAGE_LIMIT,
    include_status: Int32Array.from(page.open ? [OPEN] : []),
    include_reward_status: Int32Array.from([]),
    exclude_type: BigUint64Array.from([]),
  });
  return proposals;
}

/** The votes on accepting a dataset, newest first. @param since  when it was registered, in seconds */
export async function votesOn(clients: Clients, dataset: string, since: number): Promise<Decision[]> {
  const found: Decision[] = [];
  for (let before: number | undefined; ;) {
    const page = await pageOfProposals(clients, before === undefined ? {} : { before });
    found.push(...page.filter((data) => datasetIn(data) === dataset).map(decisionOf));
    const last = page.at(-1);
    if (page.length < PAGE_LIMIT || !last || Number(last.proposal_creation_timestamp_seconds) < since) return found;
    before = Number(last.id[0]!.id);
  }
}

/** The dataset that a proposal would accept. */
function datasetIn({ action, proposal }: ProposalData): string | undefined {
  const [call] = proposal[0]?.action ?? [];
  if (governedMethod(action) !== 'accept_dataset' || !call || !('ExecuteGenericNervousSystemFunction' in call))
    return undefined;
  const payload = Uint8Array.from(call.ExecuteGenericNervousSystemFunction.payload);
  const [argument] = IDL.decode([IDL.Record({ dataset: IDL.Text })], payload) as unknown as [AcceptDataset];
  return argument.dataset;
}

/** Reads a decision from SNS's ProposalData; the rule is in governance.did. */
export function decisionOf(data: ProposalData): Decision {
  const [tally] = data.latest_tally;
  const { yes, no, total } = tally ?? { yes: 0n, no: 0n, total: 0n };
  const [failure] = data.failure_reason;
  const [proposal] = data.proposal;
  const url = proposal?.url ?? '';
  const decided: Decision = {
    proposal: Number(data.id[0]?.id ?? 0n),
    outcome: outcomeOf(data, yes, no, total),
    title: proposal?.title ?? '',
    method: methodOf(data.action),
    clientRef: url.startsWith('livepod:') ? url.slice('livepod:'.length) : '',
    proposer: hex(new Uint8Array(data.proposer[0]?.id ?? [])),
    rendering: data.payload_text_rendering[0] ?? '',
    summary: proposal?.summary ?? '',
    madeSeconds: Number(data.proposal_creation_timestamp_seconds),
    deadlineSeconds: Number(
      data.wait_for_quiet_state[0]?.current_deadline_timestamp_seconds ??
        data.proposal_creation_timestamp_seconds + data.initial_voting_period_seconds,
    ),
    decidedSeconds: Number(data.decided_timestamp_seconds),
    executedSeconds: Number(data.executed_timestamp_seconds),
    failedSeconds: Number(data.failed_timestamp_seconds),
    yes,
    no,
    total,
  };
  if (failure) decided.failure = failure.error_message;
  return decided;
}

function outcomeOf(data: ProposalData, yes: bigint, no: bigint, total: bigint): VoteOutcome {
  return outcomeOfVote({
    ...{ yes, no, total, quorumBasisPoints: data.minimum_yes_proportion_of_total[0]?.basis_points[0] },
    decided: data.decided_timestamp_seconds > 0n,
    executed: data.executed_timestamp_seconds > 0n,
    failed: data.failed_timestamp_seconds > 0n,
    withdrawn: data.failure_reason[0]?.error_type === WITHDRAWN_ERROR,
  });
}

function methodOf(action: bigint): Decision['method'] {
  if (action === BigInt(MOTION)) return 'motion';
  return governedMethod(action) ?? 'other';
}
