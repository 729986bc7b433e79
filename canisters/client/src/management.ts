import { Actor, type HttpAgent } from '@dfinity/agent';
import { IDL } from '@dfinity/candid';
import { Principal } from '@dfinity/principal';
import { sha256 } from '@livepod/protocol';
import { heldFetch } from './held.js';
import { certifiedCanister } from './control.js';
import { callError } from './errors.js';

/**
 * What one install_code message may carry beside its other fields; a larger Wasm goes up in chunks (IC spec:
 * install_chunked_code).
 */
const ONE_MESSAGE_BYTES = 1_900_000;
const CHUNK_BYTES = 1_000_000;

type Mode = { install: null } | { upgrade: [] };

/** The few methods of the management canister that installing takes, called as the controller. */
export interface Management {
  /** A new canister with cycles, controlled by the caller. Only local networks have it. */
  create(cycles: bigint): Promise<Principal>;
  install(canister: Principal, wasm: Uint8Array, argument: Uint8Array, mode: 'install' | 'upgrade'): Promise<void>;
  start(canister: Principal): Promise<void>;
  stop(canister: Principal): Promise<void>;
  /** Puts a module's chunks into a canister's chunk store; returns their hashes, in order. */
  upload(store: Principal, wasm: Uint8Array): Promise<Uint8Array[]>;
  setControllers(canister: Principal, controllers: Principal[]): Promise<void>;
  /** From certified state. */
  controllers(canister: Principal): Promise<string[]>;
  /** Hex SHA-256 of the installed module, from certified state; undefined when nothing is installed. */
  moduleHash(canister: Principal): Promise<string | undefined>;
}

const factory: IDL.InterfaceFactory = ({ IDL: I }) => {
  const id = I.Record({ canister_id: I.Principal });
  const mode = I.Variant({ install: I.Null, reinstall: I.Null, upgrade: I.Opt(I.Record({})) });
  const chunkHash = I.Record({ hash: I.Vec(I.Nat8) });
  return I.Service({
    provisional_create_canister_with_cycles: I.Func([I.Record({ amount: I.Opt(I.Nat) })], [id], []),
    install_code: I.Func(
      [I.Record({ mode, canister_id: I.Principal, wasm_module: I.Vec(I.Nat8), arg: I.Vec(I.Nat8) })],
      [],
      [],
    ),
    clear_chunk_store: I.Func([id], [], []),
    upload_chunk: I.Func([I.Record({ canister_id: I.Principal, chunk: I.Vec(I.Nat8) })], [chunkHash], []),
    install_chunked_code: I.Func(
      [
        I.Record({
          mode,
          target_canister: I.Principal,
          store_canister: I.Opt(I.Principal),
          chunk_hashes_list: I.Vec(chunkHash),
          wasm_module_hash: I.Vec(I.Nat8),
          arg: I.Vec(I.Nat8),
        }),
      ],
      [],
      [],
    ),
    update_settings: I.Func(
      [I.Record({ canister_id: I.Principal, settings: I.Record({ controllers: I.Opt(I.Vec(I.Principal)) }) })],
      [],
      [],
    ),
    start_canister: I.Func([id], [], []),
    stop_canister: I.Func([id], [], []),
  });
};

export async function managementOf(agent: HttpAgent): Promise<Management> {
  const anywhere = await defaultEffectiveCanister(agent.host);
  const actor = Actor.createActor<Record<string, (argument: unknown) => Promise<unknown>>>(factory, {
    agent,
    canisterId: Principal.managementCanister(),
    effectiveCanisterId: anywhere,
    callTransform: (_method, args) => {
      const [argument] = args as [{ canister_id?: Principal; target_canister?: Principal }];
      return { effectiveCanisterId: argument.canister_id ?? argument.target_canister ?? anywhere };
    },
  });
  const call = async <T>(method: string, argument: unknown): Promise<T> => {
    try {
      return (await actor[method]!(argument)) as T;
    } catch (error) {
      throw callError('aaaaa-aa', method, error);
    }
  };
  const upload = async (store: Principal, wasm: Uint8Array): Promise<Uint8Array[]> => {
    await call('clear_chunk_store', { canister_id: store });
    const hashes: Uint8Array[] = [];
    for (let at = 0; at < wasm.length; at += CHUNK_BYTES) {
      const chunk = wasm.subarray(at, at + CHUNK_BYTES);
      const { hash } = await call<{ hash: Uint8Array }>('upload_chunk', { canister_id: store, chunk });
      hashes.push(hash);
    }
    return hashes;
  };
  return {
    create: async (cycles) =>
      (await call<{ canister_id: Principal }>('provisional_create_canister_with_cycles', { amount: [cycles] }))
        .canister_id,
    install: async (canister, wasm, argument, how) => {
      const mode: Mode = how === 'install' ? { install: null } : { upgrade: [] };
      if (wasm.length + argument.length <= ONE_MESSAGE_BYTES) {
        await call('install_code', { mode, canister_id: canister, wasm_module: wasm, arg: argument });
        return;
      }
      const hashes = (await upload(canister, wasm)).map((hash) => ({ hash }));
      await call('install_chunked_code', {
        mode,
        target_canister: canister,
        store_canister: [],
        chunk_hashes_list: hashes,
        wasm_module_hash: sha256(wasm),
        arg: argument,
      });
      await call('clear_chunk_store', { canister_id: canister });
    },
    start: (canister) => call('start_canister', { canister_id: canister }),
    stop: (canister) => call('stop_canister', { canister_id: canister }),
    upload,
    setControllers: (canister, controllers) =>
      call('update_settings', { canister_id: canister, settings: { controllers: [controllers] } }),
    controllers: async (canister) => (await certifiedCanister(agent, canister)).controllers,
    moduleHash: async (canister) => (await certifiedCanister(agent, canister)).module,
  };
}

/**
 * Calls that create go to any canister id of the subnet: the one the network names at /_/topology (as PocketIC does),
 * else the first id.
 */
async function defaultEffectiveCanister(host: URL): Promise<Principal> {
  const first = Principal.fromUint8Array(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 1, 1));
  try {
    const answer = await heldFetch()(new URL('/_/topology', host));
    if (!answer.ok) return first;
    const topology = (await answer.json()) as { default_effective_canister_id?: { canister_id?: string } };
    const id = topology.default_effective_canister_id?.canister_id;
    return id ? Principal.fromUint8Array(Uint8Array.from(Buffer.from(id, 'base64'))) : first;
  } catch {
    return first;
  }
}
