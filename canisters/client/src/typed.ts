import { Actor, type ActorMethod, type ActorSubclass, type HttpAgent } from '@dfinity/agent';
import { IDL } from '@dfinity/candid';
import type { Principal } from '@dfinity/principal';
import { answerError, callError } from './errors.js';
import { byNetworkTime } from './time.js';

/**
 * A reply as callers see it: `opt` at the top becomes `T | undefined`; of a result only `Ok` remains, `Err` is thrown
 * as CanisterError.
 */
export type Value<R> = [R] extends [[] | [infer T]]
  ? T | undefined
  : [Extract<R, { Err: unknown }>] extends [never]
    ? R
    : Value<Extract<R, { Ok: unknown }>['Ok']>;

/** A canister's methods. Arguments are as the generated types have them (`opt` = `[] | [T]`); replies are unwrapped. */
export type Client<S> = {
  readonly [M in keyof S]: S[M] extends ActorMethod<infer A, infer R> ? (...args: A) => Promise<Value<R>> : never;
} & { readonly canisterId: Principal };

/** A typed client of one canister. `name` appears in errors. */
export function typedClient<S>(
  agent: HttpAgent,
  name: string,
  canisterId: Principal,
  idlFactory: IDL.InterfaceFactory,
): Client<S> {
  const actor = Actor.createActor(idlFactory, { agent, canisterId }) as ActorSubclass<Record<string, ActorMethod>>;
  const client: Record<string, unknown> = { canisterId };
  for (const [method, signature] of idlFactory({ IDL })._fields) {
    const [reply] = signature.retTypes;
    client[method] = async (...args: unknown[]) => {
      let answer: unknown;
      try {
        answer = await byNetworkTime(agent, canisterId, () => actor[method]!(...args));
      } catch (error) {
        throw callError(name, method, error);
      }
      return reply ? unwrap(name, method, reply, answer) : undefined;
    };
  }
  return client as Client<S>;
}

/**
 * An interface whose queries are called as updates. One that may call other canisters (`composite_query`) stays what it
 * is: no subnet runs it so.
 */
export const certifiedInterface =
  (factory: IDL.InterfaceFactory): IDL.InterfaceFactory =>
  (parts) =>
    parts.IDL.Service(
      Object.fromEntries(
        factory(parts)._fields.map(([name, method]) => [
          name,
          parts.IDL.Func(
            method.argTypes,
            method.retTypes,
            method.annotations.filter((annotation) => annotation !== 'query'),
          ),
        ]),
      ),
    );

function unwrap(canister: string, method: string, type: IDL.Type, answer: unknown): unknown {
  const shape = type instanceof IDL.RecClass ? type.getType() : type;
  if (shape instanceof IDL.OptClass) return (answer as unknown[])[0];
  if (!(shape instanceof IDL.VariantClass) || !isResult(answer)) return answer;
  if ('Err' in answer) throw answerError(canister, method, answer.Err);
  return answer.Ok;
}

function isResult(answer: unknown): answer is { Ok: unknown } | { Err: unknown } {
  return typeof answer === 'object' && answer !== null && ('Ok' in answer || 'Err' in answer);
}
