import { IDL } from '@dfinity/candid';
import type { Principal } from '@dfinity/principal';
import { ChainKeyError } from '../chainkey/index.js';
import { idOf, type Id } from '../subnet/principals.js';
import { Reject } from '../subnet/reject.js';
import type { IncomingCall, Subnet } from '../subnet/subnet.js';
import { decodeCandid, METHODS, type MethodName } from './candid.js';
import { chainKeyMethods } from './chain-keys.js';
import { codeMethods } from './code.js';
import { lifeMethods } from './life.js';
import type { Method, Request } from './request.js';
import { settingsMethods } from './settings.js';
import { logsOf, statusOf } from './status.js';

const methods: Partial<Record<MethodName, Method>> = { ...lifeMethods, ...codeMethods, ...settingsMethods, ...chainKeyMethods };

/** What only canisters may ask for. */
const CANISTERS_ONLY = new Set(['create_canister', 'raw_rand', 'deposit_cycles', 'vetkd_public_key', 'vetkd_derive_key', 'schnorr_public_key', 'sign_with_schnorr', 'canister_info', 'canister_metadata']);
const QUERIES_ONLY = new Set(['fetch_canister_logs']);
const QUERIES = new Set(['canister_status', 'fetch_canister_logs']);

/**
 * Executes a call of `aaaaa-aa` (IC spec: The IC management canister).
 *
 * @returns instructions used
 * @throws Reject
 */
export function manage(subnet: Subnet, call: IncomingCall): bigint {
  if (QUERIES_ONLY.has(call.method)) throw new Reject('rejectedAtTheDoor', `${call.method} API is only accessible to end users in non-replicated mode`);
  const method = methodOf(call.method);
  const caller = idOf(call.caller);
  const argument = decodeArgument(call.method as MethodName, call.arg);
  subnet.processing(call.origin);
  const request: Request = { subnet, caller, origin: call.origin, canister: subnet.canisters.get(caller), cycles: call.cycles, instructions: 0n };
  const results = chainKeyErrorsAsRejects(() => method(request, argument));
  if (results !== 'later') {
    const data = new Uint8Array(IDL.encode(METHODS[call.method as MethodName][1] as IDL.Type[], results));
    subnet.respond(call.origin, { kind: 'reply', data }, request.cycles);
  }
  return request.instructions;
}

/** Evaluates what `aaaaa-aa` answers to queries. @throws Reject */
export function manageQuery(subnet: Subnet, caller: Id, method: string, arg: Uint8Array): Uint8Array {
  const argument = QUERIES.has(method) ? (decodeArgument(method as MethodName, arg) as { canister_id: Principal }) : undefined;
  if (!argument) throw new Reject('unknownManagementMethod', `Management canister has no query method '${method}'`);
  const result = method === 'canister_status' ? statusOf({ subnet, caller }, argument.canister_id) : logsOf({ subnet, caller }, argument.canister_id);
  return new Uint8Array(IDL.encode(METHODS[method as MethodName][1] as IDL.Type[], [result]));
}

/**
 * The canister in whose name a user's call of a management method goes (IC spec: Effective canister id).
 *
 * @returns its id, or undefined where any id does
 * @throws Reject for methods that users cannot call
 */
export function effectiveCanister(method: string, arg: Uint8Array): Id | undefined {
  methodOf(method);
  if (CANISTERS_ONLY.has(method)) throw new Reject('rejectedAtTheDoor', `Only canisters can call ic00 method ${method}`);
  if (method === 'provisional_create_canister_with_cycles') return undefined;
  const argument = decodeArgument(method as MethodName, arg) as { canister_id?: Principal; target_canister?: Principal };
  return idOf((argument.target_canister ?? argument.canister_id)!.toUint8Array());
}

export function decodeArgument(method: MethodName, arg: Uint8Array): unknown {
  const types = METHODS[method][0] as IDL.Type[];
  try {
    return decodeCandid(types, arg)[0];
  } catch (cause) {
    throw new Reject('invalidPayload', `Error decoding candid argument of ${method}: ${(cause as Error).message}`);
  }
}

function methodOf(name: string): Method {
  const method = Object.hasOwn(METHODS, name) ? methods[name as MethodName] : undefined;
  if (!method) throw new Reject('unknownManagementMethod', `Management canister has no method '${name}'`);
  return method;
}

function chainKeyErrorsAsRejects<T>(act: () => T): T {
  try {
    return act();
  } catch (thrown) {
    if (thrown instanceof ChainKeyError) throw new Reject('rejectedAtTheDoor', thrown.message);
    throw thrown;
  }
}
