import { IDL } from '@dfinity/candid';
import { Principal } from '@dfinity/principal';
import { governedMethod, hex, unhex, type GovernedMethod } from '@livepod/protocol';
import { refuse } from './errors.js';
import type { Json, JsonObject } from './format.js';
import { articles, parameters } from './votingRules.js';

const test = IDL.Record({
  healthy_permille: IDL.Nat32,
  unhealthy_permille: IDL.Nat32,
  false_alarm_permille: IDL.Nat32,
  miss_permille: IDL.Nat32,
  margin_permille: IDL.Nat32,
  min_new_pods: IDL.Nat32,
  min_pod_seconds: IDL.Nat32,
});
const gate = IDL.Record({
  min_windows: IDL.Nat32,
  max_correction_permille: IDL.Nat32,
  max_errors: IDL.Nat32,
  min_pods: IDL.Opt(IDL.Nat32),
  min_pod_windows: IDL.Opt(IDL.Nat32),
  max_bad_permille: IDL.Opt(IDL.Nat32),
  test: IDL.Opt(test),
});
const plan = IDL.Record({
  waves: IDL.Vec(IDL.Nat32),
  soak_seconds: IDL.Nat32,
  gate,
  skippable_soak: IDL.Opt(IDL.Bool),
  shares: IDL.Opt(IDL.Vec(IDL.Nat32)),
});

/** The argument that each governed method's votes carry (the canisters' .did files). */
const blob = IDL.Vec(IDL.Nat8);
const upgrade = IDL.Record({
  canister: IDL.Principal,
  wasm_hash: blob,
  store: IDL.Principal,
  chunk_hashes: IDL.Vec(blob),
  arg: blob,
});
const ARGUMENTS = {
  accept_dataset: IDL.Record({ dataset: IDL.Text }),
  approve_recipe: IDL.Record({ recipe: IDL.Text }),
  approve_provider: IDL.Record({ provider: IDL.Principal }),
  adopt_checkpoint: IDL.Record({ checkpoint: IDL.Text, channel: IDL.Text, plan }),
  rollback_channel: IDL.Record({ channel: IDL.Text, version: IDL.Nat32, reason: IDL.Text }),
  slash_bond: IDL.Record({
    holder: IDL.Principal,
    purpose: IDL.Variant({ provider: IDL.Null, contributor: IDL.Null }),
    amount: IDL.Nat,
    reason: IDL.Text,
    evidence: IDL.Text,
  }),
  lift_slash: IDL.Record({ case: IDL.Nat64, reason: IDL.Text }),
  stop_release: IDL.Record({ release: IDL.Nat64, reason: IDL.Text }),
  appoint_evaluator: IDL.Record({ evaluator: IDL.Principal }),
  grant_access: IDL.Record({ job: IDL.Nat64 }),
  publish_root: IDL.Record({ root: IDL.Vec(IDL.Nat8) }),
  set_operators: IDL.Record({ operators: IDL.Vec(IDL.Principal), drivers: IDL.Vec(IDL.Principal) }),
  revoke_provider: IDL.Record({ provider: IDL.Principal, reason: IDL.Text }),
  revoke_recipe: IDL.Record({ recipe: IDL.Text, reason: IDL.Text }),
  revoke_grant: IDL.Record({ grant: IDL.Nat64, reason: IDL.Text }),
  revoke_evaluator: IDL.Record({ evaluator: IDL.Principal, reason: IDL.Text }),
  revoke_dataset: IDL.Record({ dataset: IDL.Text, reason: IDL.Text }),
  adopt_bucket_wasm: IDL.Record({ wasm_hash: blob, part_hashes: IDL.Vec(blob) }),
  upgrade_bucket: IDL.Record({ bucket: IDL.Principal, wasm_hash: blob }),
  upgrade_canister: upgrade,
  upgrade_root: upgrade,
  set_parameters: parameters,
  set_articles: articles,
  slash_reputation: IDL.Record({ neuron: IDL.Vec(IDL.Nat8), points: IDL.Nat32, reason: IDL.Text }),
} satisfies Record<GovernedMethod, IDL.Type>;

/**
 * What a vote would carry out: the method's name and its argument as JSON (principals and long numbers as text); null
 * for a function that is not known here.
 */
export function readPayload(
  path: string,
  fn: number,
  payload: string,
): { method: GovernedMethod; argument: JsonObject } | null {
  const method = governedMethod(fn);
  if (!method) return null;
  try {
    const argument = plain(IDL.decode([ARGUMENTS[method]], unhex(payload))[0]) as JsonObject;
    if (method === 'adopt_checkpoint') leaveOutWhatIsAbsent(argument['plan'] as JsonObject);
    return { method, argument };
  } catch (cause) {
    return refuse('wrongDocument', path, `it is no argument of ${method}`, cause);
  }
}

/** A file from before there were shares, or gates that judge pods, has no such fields; one of now what was voted. */
function leaveOutWhatIsAbsent(plan: JsonObject): void {
  const gate = plan['gate'] as JsonObject;
  for (const [object, name] of [
    [plan, 'shares'],
    [gate, 'min_pods'],
    [gate, 'min_pod_windows'],
    [gate, 'max_bad_permille'],
    [gate, 'test'],
  ] as const)
    if ((object[name] as Json[]).length === 0) delete object[name];
}

function plain(value: unknown): Json {
  if (value instanceof Principal) return value.toText();
  if (value instanceof Uint8Array) return hex(value);
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return Array.from(value as ArrayLike<unknown>, plain);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, plain(field)]));
  }
  return value as Json;
}
