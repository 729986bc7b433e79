/**
 * The fleet canister's real Wasm on the embedded IC host, alone: what pods, strangers and a gate do to a release. The
 * test itself is the models canister and the governor. LIVEPOD_WASM_BEFORE may name a folder with the Wasm of the
 * version before, which is then installed first and upgraded.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import {
  candidPlan,
  connect,
  connectAgent,
  enrol,
  identityFromSeed,
  placeIn,
  reaches,
  voucherFor,
  type Clients,
  type Fleet,
} from '@livepod/client';
import { initArgument, type AllIds, type InstallParameters } from '@livepod/client/install';
import { DEFAULT_TEST, sha256, utf8 } from '@livepod/protocol';
import { IC_PROGRAM } from '@livepod/ic/program';
import { managementOf } from '../src/management.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const WASM = process.env['LIVEPOD_WASM'] ?? join(ROOT, '.cache', 'wasm');
const BEFORE = process.env['LIVEPOD_WASM_BEFORE'];
const gate = { minWindows: 30, maxCorrectionPermille: 250, maxErrors: 0, minPodWindows: 10 };
const test = { ...DEFAULT_TEST, minPodSeconds: 0 };
const plan = candidPlan({ waves: [3, 9], soakSeconds: 0, gate: { ...gate, test } });

const seed = (name: string): Uint8Array => sha256(utf8(`fleet ${name}`));
const folder = mkdtempSync(join(tmpdir(), 'livepod-fleet-'));
let host: ChildProcess;
let network: { icHost: string; rootKey: string; canisters: AllIds };
let operator: Clients;
let models: Clients;
let pods: Clients[];
let adoptions = 0n;

const as = (name: string): Promise<Clients> => connect(network, identityFromSeed(seed(name)));
const principal = (name: string): string => identityFromSeed(seed(name)).getPrincipal().toText();

async function opened(voted = plan): Promise<bigint> {
  adoptions += 1n;
  return models.fleet.open_release({
    adoption: adoptions,
    channel: 'stable',
    checkpoint: 'sha256:00',
    version: Number(adoptions),
    previous: [],
    plan: voted,
  });
}

const release = async (id: bigint): Promise<Fleet.Release> => (await operator.fleet.get_release(id))!;

async function inOrder(id: bigint): Promise<Clients[]> {
  const now = await release(id);
  const place = (pod: Clients): bigint => placeIn(now, pod.principal.toUint8Array());
  return [...pods].sort((a, b) => (place(a) < place(b) ? -1 : 1));
}

const sequences = new Map<Clients, bigint>();
const report = async (pod: Clients, id: bigint, change: Partial<Fleet.Report> = {}): Promise<void> => {
  const sequence = (sequences.get(pod) ?? 0n) + 1n;
  sequences.set(pod, sequence);
  const { version } = await release(id);
  await pod.fleet.report({
    ...{ release: id, version, sequence, event: { health: null }, windows: 20, corrections: 0, errors: 0 },
    ...{ judged: [], apart: [], before: [] },
    ...change,
  });
};
/** 10 windows apart now, of which so many were corrected, and with its version before. */
const compares = (pod: Clients, id: bigint, now: number, before: number): Promise<void> =>
  report(pod, id, {
    corrections: now,
    apart: [{ windows: 10, corrections: now }],
    before: [{ windows: 10, corrections: before }],
  });

beforeAll(async () => {
  host = spawn(process.execPath, [IC_PROGRAM, '--port', '0', '--state', join(folder, 'ic')], {
    cwd: ROOT,
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface({ input: host.stdout! }), 'line')) as [string];
  const { url: icHost, rootKey } = JSON.parse(line) as { url: string; rootKey: string };
  const bare = { icHost, rootKey };
  const management = await managementOf(await connectAgent(bare, identityFromSeed(seed('installer'))));
  const fleet = await management.create(100_000_000_000_000n);
  const others = Object.fromEntries(['datasets', 'access', 'treasury', 'ledger', 'root'].map((it) => [it, 'aaaaa-aa']));
  const canisters = {
    ...others,
    fleet: fleet.toText(),
    governance: principal('dao'),
    models: principal('models'),
  } as AllIds;
  network = { ...bare, canisters };
  const parameters = { operators: [principal('operator')], drivers: [principal('driver')] } as InstallParameters;
  const argument = initArgument('fleet', canisters, parameters);
  const wasm = (from: string): Uint8Array => new Uint8Array(readFileSync(join(from, 'fleet.wasm')));
  await management.install(fleet, wasm(BEFORE ?? WASM), argument, 'install');
  [operator, models] = await Promise.all([as('operator'), as('models')]);
  const voucher = await voucherOf(7);
  pods = await Promise.all(
    [1, 2, 3, 4, 5, 6, 7].map(async (number) => {
      const pod = await as(`pod-${number}`);
      await enrol(pod, { name: `pod-${number}`, channel: 'stable' }, voucher);
      return pod;
    }),
  );
  if (BEFORE === undefined) return;
  const id = await opened(candidPlan({ waves: [7], soakSeconds: 0, gate: { ...gate, minPods: 1 } }));
  await operator.fleet.advance({ release: id, wave: 1 });
  await report(pods[0]!, id, { windows: 7 });
  await management.install(fleet, wasm(WASM), argument, 'upgrade');
  const kept = await release(id);
  expect([kept.windows, kept.wave, kept.exposed, kept.seed]).toEqual([7n, 1, 7, []]);
  await report(pods[1]!, id, { windows: 30 });
}, 300_000);

afterAll(async () => {
  host?.kill('SIGTERM');
  await once(host, 'exit');
  rmSync(folder, { recursive: true, force: true });
});

async function voucherOf(count: number): Promise<string> {
  // Only the fleet is installed: its certificate tells the time, too.
  const clients = { ...operator, governance: operator.fleet } as unknown as Clients;
  return voucherFor(clients, seed('operator'), { channel: 'stable', pods: count });
}

describe('enrolment', () => {
  it('a stranger fills no slot, and its message is not even taken', async () => {
    const stranger = await as('stranger');
    const device = { name: 'stranger', channel: 'stable' };
    await expect(stranger.fleet.enrol({ ...device, voucher: [] })).rejects.toMatchObject({ code: 'rejected' });
    await expect(enrol(stranger, device)).rejects.toMatchObject({ code: 'notAuthorized' });
    const of = { channel: 'stable', pods: 9 };
    const clients = { ...stranger, governance: stranger.fleet } as unknown as Clients;
    const forged = await voucherFor(clients, seed('stranger'), of);
    await expect(enrol(stranger, device, forged)).rejects.toMatchObject({ code: 'notAuthorized' });
  });

  it('a voucher lets so many devices enrol as it says', async () => {
    const voucher = await voucherOf(1);
    const [first, second] = await Promise.all([as('first'), as('second')]);
    await enrol(first, { name: 'first', channel: 'stable' }, voucher);
    await expect(enrol(second, { name: 'second', channel: 'stable' }, voucher)).rejects.toMatchObject({
      code: 'notAuthorized',
    });
    await enrol(first, { name: 'first', channel: 'stable' });
    await operator.fleet.unenrol({ pod: first.principal });
    expect(await operator.fleet.get_pod(first.principal)).toBeUndefined();
  });

  it('a pod leaves by its own word or its operator’s, and by no other pod’s', async () => {
    const device = await as('device');
    await enrol(device, { name: 'device', channel: 'stable' }, await voucherOf(1));
    await expect(pods[0]!.fleet.unenrol({ pod: device.principal })).rejects.toMatchObject({ code: 'notAuthorized' });
    const next = await as('next key');
    expect(await device.fleet.rotate({ to: next.principal })).toMatchObject({ name: 'device' });
    await next.fleet.unenrol({ pod: next.principal });
  });
});

describe('the order of pods', () => {
  it('keys cannot be ground into an early wave: it is drawn after they enrolled', async () => {
    const id = await opened();
    expect((await release(id)).seed).toEqual([]);
    const begun = await operator.fleet.advance({ release: id, wave: 1 });
    expect(begun.exposed).toBe(3);
    expect(begun.seed[0]).toHaveLength(32);
    const order = await inOrder(id);
    const enrolled = await Promise.all(order.map(async (pod) => (await operator.fleet.get_pod(pod.principal))!));
    expect(enrolled.map((pod) => reaches(begun, pod))).toEqual([true, true, true, false, false, false, false]);

    let tries = 0;
    for (
      ;
      placeIn(
        begun,
        identityFromSeed(seed(`key ${tries}`))
          .getPrincipal()
          .toUint8Array(),
      ) > begun.threshold;
    )
      tries += 1;
    const ground = await as(`key ${tries}`);
    await enrol(ground, { name: 'ground', channel: 'stable' }, await voucherOf(1));
    await expect(report(ground, id)).rejects.toMatchObject({ code: 'notExposed' });
    expect((await release(id)).exposed).toBe(3);
    await operator.fleet.unenrol({ pod: ground.principal });
  });
});

describe('the gate', () => {
  it('a version that is worse for two of three pods is stopped in the first wave', async () => {
    const id = await opened();
    await operator.fleet.advance({ release: id, wave: 1 });
    const order = await inOrder(id);
    await compares(order[0]!, id, 3, 1);
    await compares(order[1]!, id, 1, 1);
    expect((await release(id)).state).toEqual({ rolling: null });
    await compares(order[2]!, id, 3, 1);
    expect((await release(id)).state).toMatchObject({ stopped: expect.stringContaining('2 of 3 newly switched pods') });
  });

  it('a gate that cannot tell asks an operator, and no driver answers', async () => {
    const id = await opened();
    await operator.fleet.advance({ release: id, wave: 1 });
    const order = await inOrder(id);
    for (const [index, now] of [3, 1, 1].entries()) await compares(order[index]!, id, now, 1);
    await expect(operator.fleet.advance({ release: id, wave: 2 })).rejects.toMatchObject({ code: 'paused' });
    expect((await release(id)).state).toEqual({ paused: null });
    const driver = await as('driver');
    await expect(driver.fleet.resume({ release: id, authority: [] })).rejects.toMatchObject({ code: 'notAuthorized' });
    await operator.fleet.resume({ release: id, authority: [] });
    expect((await operator.fleet.advance({ release: id, wave: 2 })).exposed).toBe(7);
  });

  it('a healthy release completes, its pods as often corrected as before', async () => {
    const id = await opened();
    await operator.fleet.advance({ release: id, wave: 1 });
    const order = await inOrder(id);
    for (const pod of order.slice(0, 3)) await compares(pod, id, 4, 4);
    await operator.fleet.advance({ release: id, wave: 2 });
    for (const pod of order.slice(3)) await compares(pod, id, 1, 1);
    expect((await operator.fleet.advance({ release: id, wave: 3 })).state).toEqual({ completed: null });
  });

  it('one pod with a full disk does not stop a release', async () => {
    const id = await opened();
    await operator.fleet.advance({ release: id, wave: 1 });
    const [first] = await inOrder(id);
    await report(first!, id, { event: { failed: 'diskFull: ' }, windows: 0 });
    const { state, errors } = await release(id);
    expect([state, errors]).toEqual([{ rolling: null }, 0n]);
  });

  it('a report of a million windows, or of text that is no code, is refused', async () => {
    const id = await opened();
    await operator.fleet.advance({ release: id, wave: 1 });
    const [first] = await inOrder(id);
    await expect(report(first!, id, { windows: 1_000_000 })).rejects.toMatchObject({ code: 'limitExceeded' });
    const text = { failed: "diskFull: ada's disk" };
    await expect(report(first!, id, { event: text, windows: 0 })).rejects.toMatchObject({ code: 'invalid' });
    expect((await release(id)).windows).toBe(0n);
  });
});
