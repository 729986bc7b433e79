/** A dataset's trail, proven: recorded answers of canisters, signed by a network of the test's own. */
import { Principal } from '@dfinity/principal';
import type { Clients, Trail } from '@livepod/client';
import { canonicalJson, unhex } from '@livepod/protocol';
import { certifiedSince, provenSince } from '../src/entries.js';
import type { Entry, LogName } from '../src/format.js';
import { proveTrail, TRAIL_LOGS, type ProvenTrail, type TrailLogs } from '../src/trail.js';
import { rootKey, signed } from './network.js';
import { read, type File } from './sample.js';
import { listed, unprovenIn } from './trail.js';

/** Answers as the canisters gave them. */
function answering(file: File): Clients {
  const entry = ({ index, at, caller, event, hash }: Entry) => ({
    index: BigInt(index),
    at: BigInt(at),
    caller: Principal.fromText(caller),
    event: new TextDecoder().decode(canonicalJson(event)),
    hash: unhex(hash),
  });
  const canister = (name: LogName) => {
    const { log, tip } = file.canisters[name];
    return {
      audit_tip: async () => ({
        length: BigInt(log.length),
        hash: unhex(log.at(-1)!.hash),
        certificate: [unhex(tip.certificate)],
        witness: unhex(tip.witness),
      }),
      audit_log: async ({ start, length }: { start: bigint; length: number }) =>
        log.slice(Number(start), Number(start) + length).map(entry),
    };
  };
  const canisters = Object.fromEntries(TRAIL_LOGS.map((name) => [name, file.canisters[name].id]));
  const clients = Object.fromEntries(TRAIL_LOGS.map((name) => [name, canister(name)]));
  return { network: { icHost: '', rootKey, canisters }, ...clients } as unknown as Clients;
}

describe('a log since a moment', () => {
  it.each([0, 3, 17])('follows from a certificate, from entry %d on', async (first) => {
    const file = signed(read());
    const { log } = file.canisters.access;
    const since = first === 0 ? 0n : BigInt(log[first]!.at);
    const proven = await certifiedSince(answering(file), 'access', since);
    expect(proven.log.filter(({ at }) => BigInt(at) >= since)).toEqual(log.filter(({ at }) => BigInt(at) >= since));
    expect(proven.certifiedAt).toBeGreaterThan(0n);
  });

  it('is empty but for the entry before when nothing came after', async () => {
    const file = signed(read());
    const { log } = await certifiedSince(answering(file), 'access', 1n << 63n);
    expect(log).toEqual([file.canisters.access.log.at(-1)]);
  });

  it('is refused when an entry was changed, and when the log does not lead to its end', async () => {
    const changed = signed(read());
    changed.canisters.access.log[4]!.event['job'] = 999;
    await expect(certifiedSince(answering(changed), 'access', 0n)).rejects.toMatchObject({ code: 'brokenChain' });
    const cut = signed(read());
    cut.canisters.access.log.pop();
    await expect(certifiedSince(answering(cut), 'access', 0n)).rejects.toMatchObject({ code: 'brokenChain' });
    const foreign = signed(read());
    foreign.canisters.access.tip = foreign.canisters.models.tip;
    await expect(certifiedSince(answering(foreign), 'access', 0n)).rejects.toMatchObject({ code: 'brokenChain' });
  });
});

async function proven(file: File, trail = listed(file)): Promise<ProvenTrail> {
  const clients = answering(file);
  const since = trail.dataset.dataset.registered_at;
  const logs = await Promise.all(TRAIL_LOGS.map(async (name) => [name, await provenSince(clients, name, since)]));
  return proveTrail(trail, Object.fromEntries(logs) as TrailLogs);
}

describe('a dataset’s trail', () => {
  it('has a certified entry behind the dataset, each job, grant, release of the key, model and payment', async () => {
    const trail = await proven(signed(read()));
    expect(trail.jobs.length).toBeGreaterThan(0);
    expect(trail.grants.flatMap(({ releases }) => releases).length).toBeGreaterThan(0);
    expect(trail.checkpoints.length).toBeGreaterThan(0);
    expect(trail.payments.flatMap(({ payments }) => payments).length).toBeGreaterThan(0);
    expect(unprovenIn(trail)).toEqual([]);
    expect(trail.withheld).toEqual([]);
  });

  it('proves nothing by a log in which an entry was altered, and says so at each of its facts', async () => {
    const file = signed(read());
    const honest = listed(file);
    const paid = file.canisters.treasury.log.find(({ event }) => event['type'] === 'escrow_paid')!;
    paid.event['amount'] = '1';
    const trail = await proven(file, honest);
    const payments = trail.payments.flatMap(({ escrow, payments: all }) =>
      all.map((_, at) => `payment ${escrow}.${at}`),
    );
    expect(unprovenIn(trail)).toEqual(payments);
    const [first] = trail.payments[0]!.payments;
    expect(first!.proof).toEqual({ unproven: expect.stringContaining('treasury') as string });
  });

  it.each<[string, (trail: Trail) => void, RegExp]>([
    ['a payment of another amount', ({ payments }) => (payments[0]!.payments[0]!.amount += 1n), /^payment/],
    ['a job that failed and is called completed', ({ jobs }) => (jobs[0]!.state = { failed: 'no' }), /^job/],
    ['a model of another version', ({ checkpoints }) => (checkpoints[0]!.version = [77]), /^checkpoint/],
    ['a model of another job', ({ checkpoints }) => (checkpoints[0]!.job = 999n), /^checkpoint of 999/],
    ['a release at another time', ({ grants }) => (grants[0]!.releases[0]!.at += 1n), /^release/],
    ['a grant for another reason', ({ grants }) => (grants[0]!.grant.why = 'a favour'), /^grant/],
  ])('does not call proven: %s', async (_, forge, name) => {
    const file = signed(read());
    const forged = listed(file);
    forge(forged);
    expect(unprovenIn(await proven(file, forged))).toEqual([expect.stringMatching(name)]);
  });

  it('tells what certified logs hold and the lists leave out', async () => {
    const file = signed(read());
    const silent = { ...listed(file), grants: [], payments: [] };
    const { withheld } = await proven(file, silent);
    for (const kind of ['granted', 'keyReleased', 'escrow_paid'])
      expect(withheld).toContainEqual(expect.stringContaining(kind));
  });
});
