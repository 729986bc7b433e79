/**
 * Typed clients of the canisters; proposals, votes, tokens. Runs in a browser: what needs files is `./node`, what
 * installs canisters `./install`.
 */
export { everyAfter, everyPage, type Page } from './paging.js';
export { indexOf, metadataPage, pageOf } from './pages.js';
export { connect, connectAgent, interfaces, type Canisters, type Clients, type ConnectOptions } from './connect.js';
export { controlInWords, controlOf, type Control, type ControlOfCanister } from './control.js';
export { CanisterError, isTransient, NOT_ANSWERED, type CanisterErrorCode } from './errors.js';
export { identityFromSeed, newIdentity } from './identity.js';
export { CANISTERS, type CanisterIds, type CanisterName, type IcNetwork, type Network } from './network.js';
export { command, neuron, neuronId, stake, type Stake } from './neurons.js';
export {
  decision,
  decisionOf,
  encodePayload,
  listProposals,
  votesOn,
  propose,
  proposeFunction,
  proposeMotion,
  vote,
  withdraw,
  type Decision,
  type GovernedPayloads,
  type ProposalReceipt,
  type ProposalRequest,
  type ProposalWords,
} from './proposals.js';
export type { GovernedMethod } from '@livepod/protocol';
export { candidPlan, planOfCandid } from './plans.js';
export { placeIn, reaches } from './cohort.js';
export { standingOf, stateOf } from './standing.js';
export { enrol, voucherFor, type Vouched } from './vouchers.js';
export { networkTime } from './time.js';
export { approve, balance, transfer } from './tokens.js';
export { trailOf, type Trail } from './trail.js';
export { typedClient, type Client, type Value } from './typed.js';

export type * as Access from './generated/access.js';
export type * as Bucket from './generated/bucket.js';
export type * as Datasets from './generated/datasets.js';
export type * as Fleet from './generated/fleet.js';
export type * as Governance from './generated/governance.js';
export type * as Ledger from './generated/ledger.js';
export type * as Models from './generated/models.js';
export type * as Root from './generated/root.js';
export type * as Treasury from './generated/treasury.js';
