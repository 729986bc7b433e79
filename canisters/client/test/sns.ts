/**
 * A real SNS governance canister in the place of ours: its own module, from a file that `LIVEPOD_SNS_GOVERNANCE` names.
 * It is installed by hand, as an SNS's launch leaves it, and learns our governed methods by votes on generic functions.
 */
import { IDL } from '@dfinity/candid';
import { Principal } from '@dfinity/principal';
import { connectAgent, type Decision, type Governance, type GovernedMethod, type IcNetwork } from '@livepod/client';
import type { InstallRequest } from '@livepod/client/install';
import { GOVERNED, GOVERNED_METHODS, validatorOf } from '@livepod/protocol';
import { readFileSync } from 'node:fs';
import { managementOf } from '../src/management.js';

const TOKEN = 100_000_000n;

/** The module, or undefined when no file is named. */
export function snsWasm(): Uint8Array | undefined {
  const path = process.env['LIVEPOD_SNS_GOVERNANCE'];
  return path ? new Uint8Array(readFileSync(path)) : undefined;
}

const permissions = IDL.Record({ permissions: IDL.Vec(IDL.Int32) });
const nat64 = IDL.Opt(IDL.Nat64);
/** The part of SNS governance's `NervousSystemParameters` that is set here: all that have to be. */
const PARAMETERS = IDL.Record({
  default_followees: IDL.Opt(
    IDL.Record({
      followees: IDL.Vec(IDL.Record({ _0_: IDL.Nat64, _1_: IDL.Record({ followees: IDL.Vec(IDL.Empty) }) })),
    }),
  ),
  max_dissolve_delay_seconds: nat64,
  max_dissolve_delay_bonus_percentage: nat64,
  max_followees_per_function: nat64,
  neuron_claimer_permissions: IDL.Opt(permissions),
  neuron_minimum_stake_e8s: nat64,
  max_neuron_age_for_age_bonus: nat64,
  initial_voting_period_seconds: nat64,
  neuron_minimum_dissolve_delay_to_vote_seconds: nat64,
  reject_cost_e8s: nat64,
  max_proposals_to_keep_per_action: IDL.Opt(IDL.Nat32),
  wait_for_quiet_deadline_increase_seconds: nat64,
  max_number_of_neurons: nat64,
  transaction_fee_e8s: nat64,
  max_number_of_proposals_with_ballots: nat64,
  max_age_bonus_percentage: nat64,
  neuron_grantable_permissions: IDL.Opt(permissions),
  voting_rewards_parameters: IDL.Opt(
    IDL.Record({
      final_reward_rate_basis_points: nat64,
      initial_reward_rate_basis_points: nat64,
      reward_rate_transition_duration_seconds: nat64,
      round_duration_seconds: nat64,
    }),
  ),
  maturity_modulation_disabled: IDL.Opt(IDL.Bool),
  max_number_of_principals_per_neuron: nat64,
});

/** A map without entries, with the type that its entries would have. */
const mapOf = (key: IDL.Type) => IDL.Vec(IDL.Record({ _0_: key, _1_: IDL.Record({}) }));
const GOVERNANCE = IDL.Record({
  root_canister_id: IDL.Opt(IDL.Principal),
  swap_canister_id: IDL.Opt(IDL.Principal),
  ledger_canister_id: IDL.Opt(IDL.Principal),
  sns_metadata: IDL.Opt(
    IDL.Record({
      url: IDL.Opt(IDL.Text),
      logo: IDL.Opt(IDL.Text),
      name: IDL.Opt(IDL.Text),
      description: IDL.Opt(IDL.Text),
    }),
  ),
  parameters: IDL.Opt(PARAMETERS),
  mode: IDL.Int32,
  genesis_timestamp_seconds: IDL.Nat64,
  sns_initialization_parameters: IDL.Text,
  id_to_nervous_system_functions: mapOf(IDL.Nat64),
  proposals: mapOf(IDL.Nat64),
  in_flight_commands: mapOf(IDL.Text),
  neurons: mapOf(IDL.Text),
});

/** Every permission of SNS: 1 configure dissolve state … 10 manage voting permission. */
const ALL = { permissions: Array.from({ length: 11 }, (_, permission) => permission) };

export interface SnsIds {
  ids: Pick<InstallRequest, 'canisters' | 'root'>;
  /** The SNS's root: it controls governance, and after the handover our root. */
  rootController: string;
}

/** Makes the canisters whose ids the SNS has to know, and installs its governance, which its root then controls. */
export async function installSns(request: InstallRequest, wasm: Uint8Array): Promise<SnsIds> {
  const management = await managementOf(await connectAgent(request, request.identity));
  const [governance, ledger, root, snsRoot, swap] = await Promise.all(
    Array.from({ length: 5 }, () => management.create(100_000_000_000_000n)),
  );
  const init = {
    root_canister_id: [snsRoot!],
    swap_canister_id: [swap!],
    ledger_canister_id: [ledger!],
    sns_metadata: [
      { url: ['https://example.com'], logo: [], name: ['Live Pod'], description: ['Data, trained on by vote.'] },
    ],
    parameters: [
      {
        default_followees: [{ followees: [] }],
        max_dissolve_delay_seconds: [252_460_800n],
        max_dissolve_delay_bonus_percentage: [100n],
        max_followees_per_function: [15n],
        neuron_claimer_permissions: [ALL],
        neuron_minimum_stake_e8s: [TOKEN],
        max_neuron_age_for_age_bonus: [126_230_400n],
        initial_voting_period_seconds: [345_600n],
        neuron_minimum_dissolve_delay_to_vote_seconds: [1_000n],
        reject_cost_e8s: [TOKEN],
        max_proposals_to_keep_per_action: [100],
        wait_for_quiet_deadline_increase_seconds: [86_400n],
        max_number_of_neurons: [200_000n],
        transaction_fee_e8s: [10_000n],
        max_number_of_proposals_with_ballots: [700n],
        max_age_bonus_percentage: [25n],
        neuron_grantable_permissions: [ALL],
        voting_rewards_parameters: [
          {
            final_reward_rate_basis_points: [0n],
            initial_reward_rate_basis_points: [0n],
            reward_rate_transition_duration_seconds: [0n],
            round_duration_seconds: [86_400n],
          },
        ],
        maturity_modulation_disabled: [true],
        max_number_of_principals_per_neuron: [5n],
      },
    ],
    mode: 1,
    genesis_timestamp_seconds: 1n,
    sns_initialization_parameters: '',
    id_to_nervous_system_functions: [],
    proposals: [],
    in_flight_commands: [],
    neurons: [],
  };
  await management.install(governance!, wasm, new Uint8Array(IDL.encode([GOVERNANCE], [init])), 'install');
  await management.setControllers(governance!, [snsRoot!]);
  return {
    ids: { canisters: { governance: governance!.toText(), ledger: ledger!.toText() }, root: root!.toText() },
    rootController: snsRoot!.toText(),
  };
}

/** What an SNS is told of: all but what our governance does to itself. */
export const REGISTERED: GovernedMethod[] = GOVERNED_METHODS.filter(
  (method) => (GOVERNED[method].canister as string) !== 'governance',
);

/** Has every governed method voted into the SNS's table. @param pass  a vote on adding one, until it is over */
export async function registerAll(
  network: IcNetwork,
  pass: (add: Governance.NervousSystemFunction) => Promise<Decision>,
): Promise<void> {
  for (const method of REGISTERED) {
    const { id, canister, says } = GOVERNED[method];
    const target = Principal.fromText(canister === 'root' ? network.root! : network.canisters[canister]);
    const decided = await pass({
      id: BigInt(id),
      name: method,
      description: [says],
      function_type: [
        {
          GenericNervousSystemFunction: {
            validator_canister_id: [target],
            target_canister_id: [target],
            validator_method_name: [validatorOf(method)],
            target_method_name: [method],
          },
        },
      ],
    });
    if (decided.outcome !== 'executed') throw new Error(`${method}: ${decided.outcome} ${decided.failure}`);
  }
}
