import { Actor } from '@dfinity/agent';
import type { IDL } from '@dfinity/candid';
import type { Principal } from '@dfinity/principal';
import { compiled, compiledClassically } from '../testing/motoko.js';
import { SHORT_LIMITS, TestNetwork, until } from '../testing/network.js';

/** What is there from the first version on; `more` goes into the actor. */
const register = (more = ''): string => `
  import Map "mo:core/Map";
  import Principal "mo:core/Principal";
  import Text "mo:core/Text";
  import Timer "mo:core/Timer";
  import VarArray "mo:core/VarArray";
  persistent actor Register {
    let names = Map.empty<Text, Nat>();
    var count = 0;
    var ticks = 0;
    var kept : [var Nat] = [var];
    transient var sinceUpgrade = 0;
    public shared ({ caller }) func enter(name : Text) : async Text {
      count += 1;
      sinceUpgrade += 1;
      Map.add(names, Text.compare, name, count);
      Principal.toText(caller)
    };
    public query func find(name : Text) : async ?Nat { Map.get(names, Text.compare, name) };
    public query func state() : async (Nat, Nat, Nat) { (count, sinceUpgrade, ticks) };
    public func enterAndTrap(name : Text) : async () {
      ignore await enter(name);
      count += 100;
      assert false
    };
    public func tick() : async () {
      ignore Timer.setTimer<system>(#milliseconds 100, func () : async () { ticks += 1 })
    };
    public func keep(words : Nat) : async () { kept := VarArray.repeat(7, words) };
    public query func last() : async Nat { kept[kept.size() - 1] };
    public func endless() : async () { loop { count += 1 } };
    public query func endlessQuery() : async () { var n = 0; loop { n += 1 } };
    ${more}
  };`;

const idl: IDL.InterfaceFactory = ({ IDL }) =>
  IDL.Service({
    enter: IDL.Func([IDL.Text], [IDL.Text], []),
    find: IDL.Func([IDL.Text], [IDL.Opt(IDL.Nat)], ['query']),
    state: IDL.Func([], [IDL.Nat, IDL.Nat, IDL.Nat], ['query']),
    enterAndTrap: IDL.Func([IDL.Text], [], []),
    tick: IDL.Func([], [], []),
    keep: IDL.Func([IDL.Nat], [], []),
    last: IDL.Func([], [IDL.Nat], ['query']),
    endless: IDL.Func([], [], []),
    endlessQuery: IDL.Func([], [], ['query']),
    remove: IDL.Func([IDL.Text], [], []),
  });

interface Register {
  enter(name: string): Promise<string>;
  find(name: string): Promise<[bigint] | []>;
  state(): Promise<[count: bigint, sinceUpgrade: bigint, ticks: bigint]>;
  enterAndTrap(name: string): Promise<void>;
  tick(): Promise<void>;
  keep(words: bigint): Promise<void>;
  last(): Promise<bigint>;
  endless(): Promise<void>;
  endlessQuery(): Promise<void>;
  /** Of the second version only. */
  remove(name: string): Promise<void>;
}

const upgrade = (...persistence: [object?]): object => ({
  upgrade: [{ skip_pre_upgrade: [], wasm_memory_persistence: persistence }],
});
const KEEP = upgrade({ keep: null });

describe('an actor by Motoko’s compiler, with addresses of 64 bits', () => {
  const network = new TestNetwork();
  const first = compiled(register());
  let id: Principal;
  let actor: Register;
  const connect = (): Register =>
    Actor.createActor(idl, { agent: network.agent, canisterId: id }) as unknown as Register;

  beforeAll(async () => {
    await network.start(SHORT_LIMITS);
    id = await network.create();
    await network.install(id, { install: null }, first);
    actor = connect();
  });
  afterAll(() => network.remove());

  it('answers updates and queries of an unmodified agent', async () => {
    expect(await actor.enter('ada')).toBe(network.identity.getPrincipal().toText());
    await actor.enter('grace');
    expect(await actor.find('grace')).toEqual([2n]);
    expect(await actor.find('nobody')).toEqual([]);
    expect(await actor.state()).toEqual([2n, 2n, 0n]);
  });

  it('keeps what was done before an await, and undoes what was done after, when it traps', async () => {
    await expect(actor.enterAndTrap('alan')).rejects.toThrow(/assertion failed/);
    expect(await actor.find('alan')).toEqual([3n]);
    expect(await actor.state()).toEqual([3n, 3n, 0n]);
  });

  it('is woken by its timer', async () => {
    await actor.tick();
    await until('the timer has fired', async () => (await actor.state())[2] === 1n);
  });

  it('is cut off in an endless loop, in updates and in queries', async () => {
    await expect(actor.endless()).rejects.toThrow('exceeded the limit of 2000000000 instructions');
    await expect(actor.endlessQuery()).rejects.toThrow('exceeded the limit of 1000000000 instructions');
    expect((await actor.state())[0]).toBe(3n);
  });

  it('has a heap of many pages, whose size its status tells', async () => {
    await actor.keep(2_000_000n);
    expect(await actor.last()).toBe(7n);
    const status = await network.management.canister_status({ canister_id: id });
    expect(status.memory_metrics.wasm_memory_size).toBeGreaterThan(16_000_000n);
    expect(status.memory_metrics.wasm_memory_size % 65_536n).toBe(0n);
  });

  it('is there after the process was killed, and after a stop with a checkpoint', async () => {
    for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
      await network.stop(signal);
      await network.start(SHORT_LIMITS);
      actor = connect();
      expect(await actor.find('grace')).toEqual([2n]);
      expect(await actor.last()).toBe(7n);
      expect((await actor.state())[0]).toBe(3n);
    }
    await actor.enter('edsger');
    expect(await actor.find('edsger')).toEqual([4n]);
  });

  it('goes back to a snapshot', async () => {
    const { id: snapshot } = await network.management.take_canister_snapshot({
      canister_id: id,
      replace_snapshot: [],
      uninstall_code: [],
      sender_canister_version: [],
    });
    await actor.enter('late');
    await network.management.load_canister_snapshot({
      canister_id: id,
      snapshot_id: snapshot,
      sender_canister_version: [],
    });
    expect(await actor.find('late')).toEqual([]);
    expect(await actor.find('edsger')).toEqual([4n]);
  });

  it('refuses an upgrade that would lose its data by mistake, and one to a module that cannot find them', async () => {
    await expect(network.install(id, { upgrade: [] }, first)).rejects.toThrow(
      'Missing upgrade option: Enhanced orthogonal persistence requires the `wasm_memory_persistence` upgrade option.',
    );
    await expect(network.install(id, KEEP)).rejects.toThrow(
      'Invalid upgrade option: The `wasm_memory_persistence: opt Keep` upgrade option requires that the new ' +
        'canister module supports enhanced orthogonal persistence.',
    );
    expect((await actor.state())[0]).toBe(4n);
  });

  it('keeps its data over an upgrade to other code, but for what is transient', async () => {
    await network.install(
      id,
      KEEP,
      compiled(register('public func remove(name : Text) : async () { Map.remove(names, Text.compare, name) };')),
    );
    expect(await actor.find('grace')).toEqual([2n]);
    expect(await actor.last()).toBe(7n);
    expect(await actor.state()).toEqual([4n, 0n, 1n]);
    await actor.remove('grace');
    await actor.enter('barbara');
    expect(await actor.find('grace')).toEqual([]);
    expect(await actor.find('barbara')).toEqual([5n]);
    expect(await actor.state()).toEqual([5n, 1n, 1n]);
  });

  it('refuses, in its own words, an upgrade to another type of data', async () => {
    await expect(network.install(id, KEEP, compiled('persistent actor { var count : Text = "" }'))).rejects.toThrow(
      /RTS error: Memory-incompatible program upgrade/,
    );
    expect((await actor.state())[0]).toBe(5n);
  });

  it('begins anew when it is told to replace its heap', async () => {
    await network.install(id, upgrade({ replace: null }), first);
    expect(await actor.state()).toEqual([0n, 0n, 0n]);
  });
});

describe('an actor by Motoko’s compiler of before, with addresses of 32 bits', () => {
  const network = new TestNetwork();
  const source = (kind: 'actor' | 'persistent actor', more = ''): string => `
    ${kind} {
      stable var count = 0;
      stable var names : [Text] = [];
      public func enter(name : Text) : async Text { count += 1; names := [name]; name };
      public query func state() : async (Nat, Nat, Nat) { (count, names.size(), 0) };
      ${more}
    };`;
  afterAll(() => network.remove());

  it(
    'takes its stable variables through an upgrade, and refuses, in its own words, one to a module with 64 bits ' +
      'that was not made for it',
    async () => {
      await network.start();
      const id = await network.create();
      await network.install(id, { install: null }, compiledClassically(source('actor')));
      const actor = Actor.createActor(idl, { agent: network.agent, canisterId: id }) as unknown as Register;
      await actor.enter('ada');
      await network.install(
        id,
        { upgrade: [] },
        compiledClassically(source('actor', 'public func other() : async () {};')),
      );
      expect(await actor.state()).toEqual([1n, 1n, 0n]);
      await expect(network.install(id, { upgrade: [] }, compiled(source('persistent actor')))).rejects.toThrow(
        /Recompile with explicit flag --enhanced-orthogonal-persistence/,
      );
      await actor.enter('grace');
      expect(await actor.state()).toEqual([2n, 1n, 0n]);
    },
  );
});
