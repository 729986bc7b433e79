/**
 * Logs that a network did sign: by a subnet, at different times, from a later start, or while a canister kept something
 * back.
 */
import { canonicalJson } from '@livepod/protocol';
import { drawUp } from '../src/account/index.js';
import { Collector, FileSource } from '../src/account/source.js';
import { LOGS, type JsonObject, type LogName } from '../src/format.js';
import { entryHash, logsOf } from '../src/logs.js';
import { join, verifySegments } from '../src/segments.js';
import { asFile, verify } from '../src/verify.js';
import { delegation, rootKey, signed, subnet, tipAt } from './network.js';
import { read, retold, verdict, type File } from './sample.js';

const outcome = (file: File): Promise<string> => verdict(canonicalJson(file), rootKey);
const { governance, datasets, ledger } = read().canisters;

describe('a subnet', () => {
  it('speaks for its canisters, as on the real network', async () => {
    expect(await outcome(signed(read()))).toBe('holds');
    expect(await outcome(signed(read(), { keys: subnet, delegation: delegation(governance.id, ledger.id) }))).toBe(
      'holds',
    );
  });
  it('speaks for its canisters with ranges in shards, and for no others', async () => {
    expect(
      await outcome(
        signed(read(), { keys: subnet, delegation: delegation(governance.id, ledger.id, undefined, 'sharded') }),
      ),
    ).toBe('holds');
    expect(
      await outcome(
        signed(read(), { keys: subnet, delegation: delegation(datasets.id, ledger.id, undefined, 'sharded') }),
      ),
    ).toBe('canisters.governance.tip.certificate: wrongCertificate');
  });
  it('does not speak for the canisters of another', async () => {
    expect(await outcome(signed(read(), { keys: subnet, delegation: delegation(datasets.id, ledger.id) }))).toBe(
      'canisters.governance.tip.certificate: wrongCertificate',
    );
  });
  it("does not speak without the root's word", async () => {
    expect(await outcome(signed(read(), { keys: subnet }))).toBe(
      'canisters.governance.tip.certificate: wrongCertificate',
    );
    expect(
      await outcome(signed(read(), { keys: subnet, delegation: delegation(governance.id, ledger.id, subnet) })),
    ).toBe('canisters.governance.tip.certificate: wrongCertificate');
  });
});

describe('a tip of another time', () => {
  it('is refused when it hides payments that another canister has heard of', async () => {
    const file = read();
    const { log } = file.canisters.treasury;
    log.length = log.findLastIndex(
      ({ event }) => event['type'] === 'escrow_paid' && event['escrow'] === file.escrows[0]!.escrow,
    );
    await expect(retold(signed(file, { at: { treasury: BigInt(log.at(-1)!.at) + 1n } }))).rejects.toMatchObject({
      code: 'missing',
      path: 'canisters.treasury.log',
    });
  });
  it('is refused when it hides how a release ended', async () => {
    const file = read();
    const { log } = file.canisters.fleet;
    log.length = log.findIndex(
      ({ event }) => event['type'] === 'releaseCompleted' && event['release'] === file.releases[0]!.release,
    );
    await expect(retold(signed(file))).rejects.toMatchObject({
      code: 'missing',
      message: expect.stringContaining('told to be completed'),
    });
  });
  it('is refused when it hides what stood behind a change', async () => {
    const file = read();
    const { log } = file.canisters.governance;
    log.length = log.findIndex(
      ({ event }) => event['type'] === 'proposal_executed' && event['proposal'] === file.proposals.at(-1)!.proposal,
    );
    await expect(retold(signed(file))).rejects.toMatchObject({
      code: 'missing',
      message: expect.stringContaining('no executed proposal'),
    });
  });
  it('is refused when it is a stale one among others', async () => {
    const file = read();
    const stale = signed(file, {
      at: {
        models: BigInt(file.canisters.models.log.at(-1)!.at) + 1n,
        governance: BigInt(file.canisters.models.log.at(-1)!.at) + 3_600_000_000_000n,
      },
    });
    expect(await outcome(stale)).toBe('canisters: contradiction');
  });
  it('is refused when it is earlier than its own last entry', async () => {
    const file = read();
    expect(await outcome(signed(file, { at: { fleet: BigInt(file.canisters.fleet.log.at(-1)!.at) - 1n } }))).toBe(
      'canisters.fleet.tip.certificate: contradiction',
    );
  });
});

describe('a file that starts later', () => {
  /** The sample without what came before its round, from tips that were certified then. */
  async function later(certifiedAt: (start: bigint) => bigint = (start) => start): Promise<Uint8Array> {
    const file = read();
    const begin = BigInt(
      file.proposals.find(({ reference }) => reference?.startsWith(`intake/${file.round}/`))!.made.at,
    );
    for (const name of LOGS) {
      const canister = file.canisters[name];
      const first = canister.log.findIndex(({ at }) => BigInt(at) >= begin);
      const length = first < 0 ? canister.log.length : first;
      const { hash } = canister.log[length - 1]!;
      canister.start = { ...tipAt(hash, canister.id, certifiedAt(begin)), length, hash };
      canister.log.splice(0, length);
    }
    signed(file);
    const collector = new Collector(new FileSource(file.documents));
    const account = await drawUp({ round: file.round, logs: logsOf(file.canisters), source: collector });
    return canonicalJson(asFile({ ...file, documents: collector.documents() }, account));
  }

  it('holds, is smaller, and says nothing of what came before', async () => {
    const bytes = await later();
    const { account, claims } = await verify(bytes, { rootKey });
    expect(bytes.length).toBeLessThan(canonicalJson(read()).length * 0.8);
    expect(account.outcome).toBe('completed');
    expect(account.recipes[0]).toMatchObject({ submitted: null, approved: null, proposal: null });
    expect(account.datasets.filter(({ proposal }) => proposal === null).length).toBeGreaterThan(0);
    expect(account.escrows[0]!.payments).toEqual(read().escrows[0]!.payments);
    expect(claims.join('\n')).toContain('certified too, to its certified end');
  });
  it('says that what came before its start is not here', async () => {
    const { claims } = await verify(await later(), { rootKey });
    expect(claims.at(-1)).toMatch(/Not here is what was recorded before the start of these logs: governance \(20/);
    expect((await verify(canonicalJson(signed(read())), { rootKey })).claims.at(-1)).toContain(
      'Nothing of it is left out',
    );
  });

  /** The later file as canisters would have signed it that kept entries back. */
  async function without(name: LogName, hidden: (event: JsonObject) => boolean): Promise<unknown> {
    const file = JSON.parse(new TextDecoder().decode(await later())) as File;
    const { log, start } = file.canisters[name];
    let hash = start!.hash;
    const kept = log.filter(({ event }) => !hidden(event));
    expect(kept.length).toBeLessThan(log.length);
    file.canisters[name].log = kept.map((entry, at) => {
      const moved = { ...entry, index: start!.length + at };
      return { ...moved, hash: (hash = entryHash(hash, moved)) };
    });
    return retold(signed(file)).then(
      () => 'holds',
      (error: unknown) => error,
    );
  }

  it('is refused when an entry after its start is left out', async () => {
    const file = JSON.parse(new TextDecoder().decode(await later())) as File;
    file.canisters.access.log.splice(3, 1);
    expect(await outcome(file)).toBe('canisters.access.log[3].index: brokenChain');
  });

  it.each<[string, LogName, string, (event: JsonObject) => boolean]>([
    ['what a vote decided', 'models', 'carried out (checkpointAdopted)', ({ type }) => type === 'checkpointAdopted'],
    ['that chunks were opened', 'datasets', 'were opened', ({ type }) => type === 'readsOpened'],
    ['the escrow of a paid job', 'treasury', 'the escrow of job', ({ type }) => type === 'escrow_funded'],
    ['the checkpoint of a job', 'models', 'checkpoint sha256:', ({ type }) => type === 'checkpointSubmitted'],
    ['an evaluation', 'models', 'an evaluation of', ({ type }) => type === 'checkpointEvaluated'],
    ['the release of an adoption', 'fleet', 'the release of adoption', ({ type }) => type === 'releaseOpened'],
    ['that a job was closed', 'access', 'was closed', ({ type }) => type === 'jobClosed'],
    [
      'the vote behind a change',
      'governance',
      'no executed proposal',
      ({ type, proposal }) =>
        type === 'proposal_executed' && proposal === read().checkpoints[0]!.adoptions[0]!.proposal,
    ],
  ])('is refused when its logs, after their start, keep back %s', async (_, name, said, hidden) => {
    expect(await without(name, hidden)).toMatchObject({ code: 'missing', message: expect.stringContaining(said) });
  });

  describe('after an earlier file', () => {
    /** What the file before it held, or some entries less. */
    async function before(fewer = 0): Promise<[File, File]> {
      const after = JSON.parse(new TextDecoder().decode(await later())) as File;
      const file = read();
      for (const name of LOGS) file.canisters[name].log.length = after.canisters[name].start!.length - fewer;
      return [file, after];
    }

    it('joins it', async () => {
      const [earlier, after] = await before();
      expect(() => join(earlier, after)).not.toThrow();
      const whole = canonicalJson(signed(read()));
      expect(await verifySegments([whole, await later()], { rootKey })).toHaveLength(2);
    });
    it('is refused when entries lie between the two segments', async () => {
      const [earlier, after] = await before(1);
      expect(() => join(earlier, after)).toThrow(/entries \d+ to \d+ of the governance log/);
    });
    it('is refused when its segment goes on from another history', async () => {
      const forged = JSON.parse(new TextDecoder().decode(await later())) as File;
      const { log, start, id } = forged.canisters.fleet;
      let hash = '11'.repeat(32);
      forged.canisters.fleet.start = { ...tipAt(hash, id, BigInt(log[0]!.at)), length: start!.length, hash };
      for (const entry of log) entry.hash = hash = entryHash(hash, entry);
      await expect(
        verifySegments([canonicalJson(signed(read())), await retold(signed(forged))], { rootKey }),
      ).rejects.toMatchObject({ code: 'brokenChain', path: '[1].canisters.fleet' });
    });
  });

  it('is refused when its start was certified after what follows it', async () => {
    expect(await verdict(await later((start) => start + 60_000_000_000n), rootKey)).toBe(
      'canisters.governance.start.certificate: contradiction',
    );
  });
  it('is refused when its start is of another canister', async () => {
    const file = JSON.parse(new TextDecoder().decode(await later())) as File;
    file.canisters.access.start!.certificate = file.canisters.models.start!.certificate;
    expect(await outcome(file)).toBe('canisters.access.start.certificate: wrongCertificate');
  });
});
