import { IDL } from '@dfinity/candid';
import { decodeCandid } from '../candid.js';
import type { Id } from '../subnet/principals.js';
import { Reject } from '../subnet/reject.js';
import type { Subnet } from '../subnet/subnet.js';

/** One call of a built-in, as its methods see it. */
export interface BuiltinCall {
  subnet: Subnet;
  caller: Id;
  /** Cycles sent along; methods take what they need, the rest goes back. */
  cycles: bigint;
}

export interface BuiltinMethod {
  query: boolean;
  args: IDL.Type[];
  results: IDL.Type[];
  act(call: BuiltinCall, args: unknown[]): unknown;
}

/**
 * A canister of the main network of which this host does a part itself, at the same id, so that tools work which count
 * on it. It has no module, and gives way to a canister that is created under its id.
 */
export interface Builtin {
  id: Id;
  name: string;
  methods: Record<string, BuiltinMethod>;
}

type Act<A extends unknown[]> = (call: BuiltinCall, ...args: A) => unknown;

export function update<A extends unknown[]>(args: IDL.Type[], results: IDL.Type[], act: Act<A>): BuiltinMethod {
  return { query: false, args, results, act: (call, given) => act(call, ...(given as A)) };
}

export function query<A extends unknown[]>(args: IDL.Type[], results: IDL.Type[], act: Act<A>): BuiltinMethod {
  return { ...update(args, results, act), query: true };
}

/** @throws Reject `methodNotFound` · `calledTrap` when the argument does not decode */
export function callBuiltin(
  builtin: Builtin,
  call: BuiltinCall,
  name: string,
  arg: Uint8Array,
  kind: 'update' | 'query',
): Uint8Array {
  const method = Object.hasOwn(builtin.methods, name) ? builtin.methods[name] : undefined;
  if (!method || (kind === 'query' && !method.query))
    throw new Reject('methodNotFound', `The built-in ${builtin.name} has no ${kind} method '${name}'.`);
  let args: unknown[];
  try {
    args = decodeCandid(method.args, arg);
  } catch (cause) {
    throw new Reject(
      'calledTrap',
      `The built-in ${builtin.name} cannot decode the argument of ${name}: ${(cause as Error).message}`,
    );
  }
  const result = method.act(call, args);
  return new Uint8Array(IDL.encode(method.results, method.results.length === 0 ? [] : [result]));
}

/** Its interface as a Candid file has it. */
export function candidOf({ methods }: Builtin): string {
  const shown = (types: IDL.Type[]): string => `(${types.map((type) => type.display()).join(', ')})`;
  const lines = Object.entries(methods).map(
    ([name, { args, results, query: isQuery }]) =>
      `  ${name} : ${shown(args)} -> ${shown(results)}${isQuery ? ' query' : ''};\n`,
  );
  return `service : {\n${lines.join('')}}\n`;
}
