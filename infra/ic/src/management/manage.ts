import { IDL } from '@dfinity/candid';
import type { Principal } from '@dfinity/principal';
import { ChainKeyError } from '../chainkey/index.js';
import { idOf, type Id } from '../subnet/principals.js';
import { Reject } from '../subnet/reject.js';
import type { IncomingCall, Subnet } from '../subnet/subnet.js';
import { decodeCandid } from '../candid.js';
import { METHODS, type MethodName } from './candid.js';
import { chainKeyMethods } from './chain-keys.js';
import { codeMethods } from './code.js';
import { lifeMethods } from './life.js';
import { listCanisters, networkMethods } from './network.js';
import { outcallMethods } from './outcalls.js';
import type { Method, Request } from './request.js';
import { settingsMethods } from './settings.js';
import { logsOf, metricsOf, statusOf } from './status.js';
import { snapshotMethods } from './snapshots.js';

const canisterMetrics: Method = (request, { canister_id }: { canister_id: Principal }) => [
  metricsOf(request, canister_id),
];

const methods: Partial<Record<MethodName, Method>> = {
  ...lifeMethods,
  ...codeMethods,
  ...settingsMethods,
  ...chainKeyMethods,
  ...snapshotMethods,
  ...outcallMethods,
  ...networkMethods,
  canister_metrics: canisterMetrics,
};

/** What only canisters may ask for. */
const CANISTERS_ONLY = new Set([
  'create_canister',
  'raw_rand',
  'deposit_cycles',
  'vetkd_public_key',
  'vetkd_derive_key',
  'ecdsa_public_key',
  'sign_with_ecdsa',
  'schnorr_public_key',
  'sign_with_schnorr',
  'canister_info',
  'canister_metadata',
  'http_request',
  'subnet_info',
  'subnet_metrics',
  'node_metrics_history',
]);
const QUERIES_ONLY = new Set(['fetch_canister_logs', 'list_canisters']);

type Asked = Pick<Request, 'subnet' | 'caller'>;

/** What may be asked without a round. */
const queries: Record<string, (asked: Asked, argument: never) => unknown> = {
  canister_status: (asked, { canister_id }: { canister_id: Principal }) => statusOf(asked, canister_id),
  canister_metrics: (asked, { canister_id }: { canister_id: Principal }) => metricsOf(asked, canister_id),
  fetch_canister_logs: logsOf,
  list_canisters: ({ subnet, caller }) => listCanisters(subnet, caller),
};

/**
 * Executes a call of `aaaaa-aa` (IC spec: The IC management canister).
 *
 * @returns instructions used
 * @throws Reject
 */
export function manage(subnet: Subnet, call: IncomingCall): bigint {
  if (QUERIES_ONLY.has(call.method))
    throw new Reject('rejectedAtTheDoor', `${call.method} API is only accessible to end users in non-replicated mode`);
  const method = methodOf(call.method, 'methodNotFound');
  const caller = idOf(call.caller);
  const argument = decodeArgument(call.method as MethodName, call.arg);
  subnet.processing(call.origin);
  const [senderVersion] =
    (argument as { sender_canister_version?: [bigint] | [] } | undefined)?.sender_canister_version ?? [];
  if (senderVersion !== undefined && call.callerVersion !== undefined && senderVersion !== call.callerVersion) {
    throw new Reject(
      'contractViolation',
      `Management canister call payload includes sender canister version ${senderVersion} that does not match ` +
        `the actual sender canister version ${call.callerVersion}.`,
    );
  }
  const request: Request = {
    subnet,
    caller,
    origin: call.origin,
    canister: subnet.canisters.get(caller),
    senderVersion,
    cycles: call.cycles,
    instructions: 0n,
  };
  if (!request.canister && CANISTERS_ONLY.has(call.method)) throw onlyCanisters(call.method);
  const results = chainKeyErrorsAsRejects(() => method(request, argument));
  if (results !== 'later') {
    const data = new Uint8Array(IDL.encode(METHODS[call.method as MethodName][1] as IDL.Type[], results));
    subnet.respond(call.origin, { kind: 'reply', data }, request.cycles);
  }
  return request.instructions;
}

/** Evaluates what `aaaaa-aa` answers to queries. @throws Reject */
export function manageQuery(subnet: Subnet, caller: Id, method: string, arg: Uint8Array): Uint8Array {
  const query = Object.hasOwn(queries, method) ? queries[method] : undefined;
  if (!query) throw new Reject('unknownManagementMethod', `Management canister has no query method '${method}'`);
  const result = query({ subnet, caller }, decodeArgument(method as MethodName, arg) as never);
  return new Uint8Array(IDL.encode(METHODS[method as MethodName][1] as IDL.Type[], [result]));
}

/**
 * The canister in whose name a user's call of a management method goes (IC spec: Effective canister id).
 *
 * @returns its id, or undefined where any id does
 * @throws Reject for methods that users cannot call
 */
export function effectiveCanister(method: string, arg: Uint8Array): Id | undefined {
  methodOf(method, 'unknownManagementMethod');
  if (CANISTERS_ONLY.has(method)) throw onlyCanisters(method);
  if (method === 'provisional_create_canister_with_cycles') return undefined;
  const argument = decodeArgument(method as MethodName, arg) as {
    canister_id?: Principal;
    target_canister?: Principal;
  };
  return idOf((argument.target_canister ?? argument.canister_id)!.toUint8Array());
}

/** A call is decoded when it is admitted and when it is executed; for a chunk of 1 MiB that takes milliseconds. */
const decodedLast = new WeakMap<Uint8Array, { method: MethodName; argument: unknown }>();

export function decodeArgument(method: MethodName, arg: Uint8Array): unknown {
  const known = decodedLast.get(arg);
  if (known?.method === method) return known.argument;
  const types = METHODS[method][0] as IDL.Type[];
  try {
    const [argument] = decodeCandid(types, arg);
    decodedLast.set(arg, { method, argument });
    return argument;
  } catch (cause) {
    throw new Reject('invalidPayload', `Error decoding candid argument of ${method}: ${(cause as Error).message}`);
  }
}

function onlyCanisters(method: string): Reject {
  return new Reject('rejectedAtTheDoor', `Only canisters can call ic00 method ${method}`);
}

function methodOf(name: string, refusal: 'methodNotFound' | 'unknownManagementMethod'): Method {
  const method = Object.hasOwn(METHODS, name) ? methods[name as MethodName] : undefined;
  if (!method) throw new Reject(refusal, `Management canister has no method '${name}'`);
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
