import { IDL } from '@dfinity/candid';
import { Principal } from '@dfinity/principal';
import { hex, unhex } from '@livepod/protocol';
import { refuse } from './errors.js';
import type { Json, JsonObject, LogName } from './format.js';

interface Governed {
  method: string;
  canister: LogName;
  argument: IDL.Type;
}

const gate = IDL.Record({ min_windows: IDL.Nat32, max_correction_permille: IDL.Nat32, max_errors: IDL.Nat32 });
const plan = IDL.Record({
  waves: IDL.Vec(IDL.Nat32),
  soak_seconds: IDL.Nat32,
  gate,
  skippable_soak: IDL.Opt(IDL.Bool),
});

/** The governed methods by function id, with the arguments their votes carry (the canisters' .did files). */
const GOVERNED: Record<number, Governed> = {
  1001: { method: 'accept_dataset', canister: 'datasets', argument: IDL.Record({ dataset: IDL.Text }) },
  1002: { method: 'approve_recipe', canister: 'access', argument: IDL.Record({ recipe: IDL.Text }) },
  1003: { method: 'approve_provider', canister: 'access', argument: IDL.Record({ provider: IDL.Principal }) },
  1004: {
    method: 'adopt_checkpoint',
    canister: 'models',
    argument: IDL.Record({ checkpoint: IDL.Text, channel: IDL.Text, plan }),
  },
  1005: {
    method: 'rollback_channel',
    canister: 'models',
    argument: IDL.Record({ channel: IDL.Text, version: IDL.Nat32, reason: IDL.Text }),
  },
  1006: {
    method: 'slash_bond',
    canister: 'treasury',
    argument: IDL.Record({
      holder: IDL.Principal,
      purpose: IDL.Variant({ provider: IDL.Null, contributor: IDL.Null }),
      amount: IDL.Nat,
      reason: IDL.Text,
      evidence: IDL.Text,
    }),
  },
  1007: { method: 'stop_release', canister: 'fleet', argument: IDL.Record({ release: IDL.Nat64, reason: IDL.Text }) },
  1008: { method: 'appoint_evaluator', canister: 'models', argument: IDL.Record({ evaluator: IDL.Principal }) },
  1009: { method: 'grant_access', canister: 'access', argument: IDL.Record({ job: IDL.Nat64 }) },
  1010: { method: 'publish_root', canister: 'models', argument: IDL.Record({ root: IDL.Vec(IDL.Nat8) }) },
};

/**
 * What a vote would carry out: the method's name and its argument as JSON (principals and long numbers as text); null
 * for a function that is not known here.
 */
export function readPayload(
  path: string,
  fn: number,
  payload: string,
): { method: string; argument: JsonObject } | null {
  const governed = GOVERNED[fn];
  if (!governed) return null;
  try {
    return {
      method: governed.method,
      argument: plain(IDL.decode([governed.argument], unhex(payload))[0]) as JsonObject,
    };
  } catch (cause) {
    return refuse('wrongDocument', path, `it is no argument of ${governed.method}`, cause);
  }
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
