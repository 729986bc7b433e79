import { Principal } from '@dfinity/principal';
import { concat, sha256, u64be, utf8 } from '@livepod/protocol';
import type { Clients } from './connect.js';
import { CanisterError } from './errors.js';
import type { Command, Command_1, Neuron } from './generated/governance.js';

/**
 * A neuron's id, which is also the subaccount of governance that holds its stake (SNS: sha256(0x0c ‖ "neuron-stake" ‖
 * controller ‖ memo)).
 */
export function neuronId(controller: Principal, memo: bigint | number = 0n): Uint8Array {
  return sha256(concat(Uint8Array.of(0x0c), utf8('neuron-stake'), controller.toUint8Array(), u64be(BigInt(memo))));
}

export interface Stake {
  /** e8s that the neuron shall hold; what is missing is transferred from the caller's account. */
  amount: bigint;
  /** Dissolve delay the neuron shall have at least. */
  dissolveDelaySeconds: number;
  memo?: bigint | number;
}

/** Brings the caller's neuron to a stake and a dissolve delay. A repeat tops up only what is missing. */
export async function stake(clients: Clients, wanted: Stake): Promise<Uint8Array> {
  const memo = BigInt(wanted.memo ?? 0);
  const id = neuronId(clients.principal, memo);
  const account = { owner: clients.governance.canisterId, subaccount: [id] as [Uint8Array] };
  const held = await clients.ledger.icrc1_balance_of(account);
  if (held < wanted.amount) {
    await clients.ledger.icrc1_transfer({
      from_subaccount: [],
      to: account,
      amount: wanted.amount - held,
      fee: [],
      memo: [u64be(memo)],
      created_at_time: [],
    });
  }
  await command(clients, id, {
    ClaimOrRefresh: { by: [{ MemoAndController: { controller: [clients.principal], memo } }] },
  });
  const missing = wanted.dissolveDelaySeconds - dissolveDelay(await neuron(clients, id));
  if (missing > 0) {
    await command(clients, id, {
      Configure: { operation: [{ IncreaseDissolveDelay: { additional_dissolve_delay_seconds: missing } }] },
    });
  }
  return id;
}

export async function neuron(clients: Clients, id: Uint8Array): Promise<Neuron> {
  const [result] = (await clients.governance.get_neuron({ neuron_id: [{ id }] })).result;
  if (result && 'Neuron' in result) return result.Neuron;
  throw governanceError('get_neuron', result?.Error);
}

function dissolveDelay(of: Neuron): number {
  const [state] = of.dissolve_state;
  return state && 'DissolveDelaySeconds' in state ? Number(state.DissolveDelaySeconds) : 0;
}

/** Sends one manage_neuron command; an `Error` reply is thrown as CanisterError. */
export async function command(clients: Clients, neuronSubaccount: Uint8Array, what: Command): Promise<Command_1> {
  const [reply] = (await clients.governance.manage_neuron({ subaccount: neuronSubaccount, command: [what] })).command;
  if (!reply || 'Error' in reply) throw governanceError(Object.keys(what)[0] ?? 'manage_neuron', reply?.Error);
  return reply;
}

/** SNS GovernanceError.ErrorType (dfinity/ic rs/sns/governance), and from 20 on this governance's own. */
const CODES = {
  2: 'notAuthorized',
  3: 'notFound',
  4: 'invalidCommand',
  5: 'preconditionFailed',
  6: 'preconditionFailed',
  7: 'preconditionFailed',
  9: 'limitExceeded',
  10: 'preconditionFailed',
  11: 'external',
  12: 'busy',
  13: 'insufficientFunds',
  15: 'invalidProposal',
  16: 'invalidCommand',
  20: 'withdrawn',
  21: 'voteClosed',
  22: 'alreadyVoted',
} as const;

export function governanceError(method: string, error?: { error_type: number; error_message: string }): CanisterError {
  if (!error)
    return new CanisterError(
      'refused',
      { canister: 'governance', method },
      `governance gave no answer to ${method}; it does not know the command.`,
    );
  const code = CODES[error.error_type as keyof typeof CODES] ?? 'refused';
  return new CanisterError(code, { canister: 'governance', method, errorType: error.error_type }, error.error_message);
}
