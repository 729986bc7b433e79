import { principalBytes } from '@livepod/protocol';
import { tipAt } from '../test/network.js';
import { refusal, World } from '../test/world.js';
import type { Certificates, Certified } from './certificates.js';
import { LOGS, type LogName } from './format.js';
import { certifyLogs, entryHash, followChain, followLogs, hasFields, logsOf } from './logs.js';

const follow = (world: World, name: LogName = 'fleet'): Promise<string> =>
  refusal(() => followChain(`canisters.${name}`, world.file.canisters[name]));
/** Hashes that follow from what the entries say now. */
function rehash(world: World, name: LogName): void {
  const { start, log } = world.file.canisters[name];
  let hash = start?.hash ?? '00'.repeat(32);
  for (const entry of log) entry.hash = hash = entryHash(hash, entry);
}
/** The log from its third entry on. */
function fromThird(world: World): void {
  const { fleet } = world.file.canisters;
  fleet.start = {
    ...tipAt(fleet.log[1]!.hash, fleet.id, BigInt(fleet.log[1]!.at)),
    length: 2,
    hash: fleet.log[1]!.hash,
  };
  fleet.log.splice(0, 2);
}

describe('a chain', () => {
  it('is followed to its last hash, also from a later start, and from one to nothing', () => {
    const world = new World();
    const { log } = world.file.canisters.fleet;
    const last = log.at(-1)!.hash;
    expect(followChain('x', world.file.canisters.fleet)).toBe(last);
    fromThird(world);
    expect(followChain('x', world.file.canisters.fleet)).toBe(last);
    expect(followChain('x', { start: { length: 2, hash: 'ab' }, log: [] })).toBe('ab');
    expect(followChain('x', { start: null, log: [] })).toBe('00'.repeat(32));
  });

  it.each<[string, (world: World) => void, string]>([
    [
      'an event that was changed',
      ({ file }) => void (file.canisters.fleet.log[3]!.event['pod'] = 'x'),
      'fleet.log\\[3\\]: its hash',
    ],
    [
      'a time that was changed',
      ({ file }) => void (file.canisters.fleet.log[3]!.at += '0'),
      'fleet.log\\[3\\]: its hash',
    ],
    [
      'a caller that was changed',
      ({ file }) => void (file.canisters.fleet.log[3]!.caller = 'aaaaa-aa'),
      'fleet.log\\[3\\]: its hash',
    ],
    [
      'an index that was changed',
      ({ file }) => void (file.canisters.fleet.log[3]!.index = 4),
      'fleet.log\\[3\\].index: entry 3 belongs here, and it is entry 4',
    ],
    [
      'an index that does not follow a later start',
      (world) => {
        fromThird(world);
        world.file.canisters.fleet.start!.length = 3;
      },
      'fleet.log\\[0\\].index: entry 3 belongs here, and it is entry 2',
    ],
    [
      'another hash before it',
      (world) => {
        fromThird(world);
        world.file.canisters.fleet.start!.hash = '11'.repeat(32);
      },
      'fleet.log\\[0\\]: its hash',
    ],
    [
      'a caller that is nobody',
      (world) => void (world.file.canisters.fleet.log[3]!.caller = 'zzzzz'),
      'fleet.log\\[3\\]: it cannot be hashed: ',
    ],
    [
      'an entry that is earlier than the one before',
      (world) => {
        const { log } = world.file.canisters.fleet;
        log[3]!.at = String(BigInt(log[2]!.at) - 1n);
        rehash(world, 'fleet');
      },
      'fleet.log\\[3\\].at: it is earlier',
    ],
  ])('with %s is broken there', async (_, change, why) => {
    const world = new World();
    change(world);
    expect(await follow(world)).toMatch(new RegExp(`^brokenChain: canisters.${why}`));
  });

  it('may have entries of one time', async () => {
    const world = new World();
    const { log } = world.file.canisters.fleet;
    for (const entry of log) entry.at = log[0]!.at;
    rehash(world, 'fleet');
    expect(await follow(world)).toBe('holds');
  });

  it('is hashed over its domain and every part of an entry', () => {
    const entry = { index: 1, at: '2', caller: 'aaaaa-aa', event: { type: 'x' } };
    const hashes = [
      entryHash('00'.repeat(32), entry),
      entryHash('11'.repeat(32), entry),
      entryHash('00'.repeat(32), { ...entry, index: 2 }),
      entryHash('00'.repeat(32), { ...entry, at: '3' }),
      entryHash('00'.repeat(32), { ...entry, caller: '2vxsx-fae' }),
      entryHash('00'.repeat(32), { ...entry, event: { type: 'y' } }),
    ];
    expect(new Set(hashes).size).toBe(hashes.length);
    expect(hashes[0]).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('a log', () => {
  it('finds entries by kind and fields; the only one of them, or refuses a second', async () => {
    const world = new World();
    const { fleet } = logsOf(world.file.canisters);
    expect(fleet.all('waveBegun')).toHaveLength(11);
    expect(fleet.all('waveBegun', { release: 2 }).map(({ event }) => event['wave'])).toEqual([1, 2, 3]);
    expect(fleet.all('nothing')).toEqual([]);
    expect(fleet.only('releaseOpened', { release: 2 })?.index).toBe(11);
    expect(fleet.only('releaseOpened', { release: 99 })).toBeUndefined();
    expect(await refusal(() => fleet.only('waveBegun', { release: 2 }))).toMatch(
      /^contradiction: canisters.fleet.log\[13\]: waveBegun is recorded a second time \(first: entry 12\)/,
    );
  });

  it('names places by where they are in the file', () => {
    const world = new World();
    fromThird(world);
    const { fleet } = logsOf(world.file.canisters);
    expect(fleet.place(fleet.entries[0]!)).toBe('canisters.fleet.log[0]');
    expect(fleet.place(fleet.entries[5]!)).toBe('canisters.fleet.log[5]');
  });

  it('may lack what is as old as its start, and no newer; a whole one lacks nothing', () => {
    const world = new World();
    expect(logsOf(world.file.canisters).fleet.mayLack()).toBe(false);
    fromThird(world);
    const started = world.file.canisters.fleet.log[0]!;
    const { fleet } = logsOf(world.file.canisters);
    const at = BigInt(world.file.canisters.fleet.log[0]!.at);
    expect(started.index).toBe(2);
    expect(fleet.mayLack()).toBe(true);
    expect(fleet.mayLack(at + 10n ** 15n)).toBe(false);
  });

  it('may lack what was written in the very moment of its start', () => {
    const world = new World();
    const before = BigInt(world.file.canisters.fleet.log[1]!.at);
    fromThird(world);
    const { fleet } = logsOf(world.file.canisters);
    expect([fleet.mayLack(before), fleet.mayLack(before + 1n)]).toEqual([true, false]);
  });

  it('has fields that are the same, lists entry by entry', () => {
    const [entry] = new World().all('access', 'accessRequested', { job: 2 });
    const { datasets, job } = entry!.event as { datasets: string[]; job: number };
    expect(hasFields(entry!, { job, datasets: [...datasets] })).toBe(true);
    expect(hasFields(entry!, { job, datasets: datasets.toReversed() })).toBe(false);
    expect(hasFields(entry!, { job: String(job) })).toBe(false);
    expect(hasFields(entry!, {})).toBe(true);
  });
});

describe('the logs of a file', () => {
  it('end, and start, as their witnesses show', async () => {
    const world = new World();
    fromThird(world);
    const { roots, logs } = await followLogs(world.file.canisters);
    expect(Object.keys(logs)).toEqual([...LOGS]);
    expect([roots.fleet.start, roots.models.start]).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/), null]);
    expect(new Set(LOGS.map((name) => roots[name].tip)).size).toBe(LOGS.length);
  });

  it('are of canisters that are all different', async () => {
    const { file } = new World();
    file.canisters.treasury.id = file.canisters.access.id;
    expect(await refusal(() => followLogs(file.canisters))).toMatch(
      /^contradiction: canisters.treasury.id: it is the access canister too/,
    );
  });

  it('do not end elsewhere', async () => {
    const { file } = new World();
    file.canisters.ledger.log.pop();
    expect(await refusal(() => followLogs(file.canisters))).toMatch(
      /^brokenChain: canisters.ledger.tip.witness: it shows another end of the ledger log/,
    );
    const world = new World();
    fromThird(world);
    world.file.canisters.fleet.start!.witness = world.file.canisters.fleet.tip.witness;
    expect(await refusal(() => followLogs(world.file.canisters))).toMatch(
      /^brokenChain: canisters.fleet.start.witness: /,
    );
  });
});

describe('what certificates say of the logs', () => {
  const MINUTE = 60n * 1_000_000_000n;
  type Says = Partial<Certified> & { controllers?: Uint8Array };
  /** Holds the sample against certificates that say this, by their places; the signatures are others' business. */
  async function certified(says: (path: string) => Says, world = new World()): Promise<bigint | string> {
    const { canisters } = world.file;
    const { roots } = await followLogs(canisters);
    const told: string[] = [];
    const stand = {
      verify: async (path: string): Promise<Certified> => {
        const name = path.split('.')[1] as LogName;
        const root = path.includes('.start.') ? roots[name].start! : roots[name].tip;
        const { code } = canisters[name];
        const state: Certified['state'] = (what) =>
          what === 'certified_data'
            ? Uint8Array.from(Buffer.from(root, 'hex'))
            : what === 'module_hash'
              ? Uint8Array.from(Buffer.from(code.moduleHash, 'hex'))
              : listOf(code.controllers);
        return { at: NOW, state, ...says(path) };
      },
    } as unknown as Certificates;
    let at = 0n;
    const said = await refusal(async () => {
      at = await certifyLogs(canisters, roots, stand, (name) => told.push(name));
    });
    if (said === 'holds') expect(told).toEqual([...LOGS]);
    return said === 'holds' ? at : said;
  }
  const NOW = 1_900_000_000_000_000_000n;
  /** A CBOR list of principals. */
  function listOf(ids: readonly string[]): Uint8Array {
    const parts = ids.map((id) => principalBytes(id));
    return Uint8Array.of(
      0x80 + parts.length,
      ...parts.flatMap((part) => [...(part.length < 24 ? [0x40 + part.length] : [0x58, part.length]), ...part]),
    );
  }

  it('is when the earliest was made', async () => {
    expect(await certified(() => ({}))).toBe(NOW);
    expect(await certified((path) => (path.includes('models.code') ? { at: NOW - 1n } : {}))).toBe(NOW - 1n);
    expect(await certified((path) => (path.includes('models.tip') ? { at: NOW - 1n } : {}))).toBe(NOW - 1n);
  });

  it('is of one quarter of an hour', async () => {
    expect(await certified((path) => (path.includes('models.tip') ? { at: NOW - 15n * MINUTE } : {}))).toBe(
      NOW - 15n * MINUTE,
    );
    expect(await certified((path) => (path.includes('models.tip') ? { at: NOW - 15n * MINUTE - 1n } : {}))).toMatch(
      /^contradiction: canisters: .*15 minutes apart/,
    );
    expect(await certified((path) => (path.includes('ledger.code') ? { at: NOW + 15n * MINUTE + 1n } : {}))).toMatch(
      /^contradiction: canisters: /,
    );
  });

  it('is not older than the last entry of its log', async () => {
    const { file } = new World();
    const last = BigInt(file.canisters.fleet.log.at(-1)!.at);
    const all = (at: bigint) => (path: string) => ({ at: path.includes('fleet') ? at : last + MINUTE });
    expect(await certified(all(last))).toBe(last);
    expect(await certified(all(last - 1n))).toMatch(
      /^contradiction: canisters.fleet.tip.certificate: .*before the last entry/,
    );
  });

  it('has its start before its tip, and not after what follows', async () => {
    const started = (at: (first: bigint) => bigint): Promise<bigint | string> => {
      const world = new World();
      fromThird(world);
      const first = BigInt(world.file.canisters.fleet.log[0]!.at);
      return certified((path) => (path.includes('start') ? { at: at(first) } : {}), world);
    };
    expect(await started((first) => first)).toBe(NOW);
    expect(await started((first) => first + 1n)).toMatch(
      /^contradiction: canisters.fleet.start.certificate: .*after the entry that follows/,
    );
    expect(await started(() => NOW + 1n)).toMatch(/^contradiction: canisters.fleet.start.certificate: .*after the tip/);
    const empty = new World();
    fromThird(empty);
    const { fleet } = empty.file.canisters;
    Object.assign(fleet, { start: { ...fleet.tip, length: 29, hash: fleet.log.at(-1)!.hash }, log: [] });
    expect(await certified(() => ({}), empty)).toBe(NOW);
  });

  it.each<[string, (path: string) => Says | undefined, string]>([
    [
      'of another state',
      () => ({ state: () => new Uint8Array(32) }),
      'wrongCertificate: canisters.governance.tip.certificate: it certifies another state',
    ],
    [
      'of no state',
      () => ({ state: () => undefined }),
      'wrongCertificate: canisters.governance.tip.certificate: it does not speak of',
    ],
    [
      'of no code',
      (path) => (path.includes('code') ? { state: () => undefined } : {}),
      'wrongCertificate: canisters.governance.code.certificate: it does not say what',
    ],
    [
      'of other code',
      (path) =>
        path.includes('code') ? { state: (what) => (what === 'controllers' ? listOf([]) : new Uint8Array(32)) } : {},
      'differs: canisters.governance.code.moduleHash: ',
    ],
  ])('is refused where it is %s', async (_, says, why) => {
    expect(await certified((path) => says(path) ?? {})).toMatch(new RegExp(`^${why}`));
  });

  it('names whoever can change the code', async () => {
    const world = new World();
    const { code } = world.file.canisters.treasury;
    const real = listOf(code.controllers);
    code.controllers = [];
    const says = (path: string): Says =>
      path.includes('treasury.code')
        ? { state: (what) => (what === 'controllers' ? real : Uint8Array.from(Buffer.from(code.moduleHash, 'hex'))) }
        : {};
    expect(await certified(says, world)).toMatch(/^differs: canisters.treasury.code.controllers: /);
    const none =
      (what: string) =>
      (path: string): Says =>
        path.includes('code') ? { state: (name) => (name === what ? undefined : listOf([])) } : {};
    expect(await certified(none('controllers'))).toMatch(/^wrongCertificate: .*code.certificate: it does not say/);
  });
});
