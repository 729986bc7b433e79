import { CanisterStatus } from '@dfinity/agent';
import { Ed25519KeyIdentity } from '@dfinity/identity';
import type { Principal } from '@dfinity/principal';
import { verify, createPublicKey } from 'node:crypto';
import { DerivedPublicKey, EncryptedVetKey, TransportSecretKey } from '@dfinity/vetkeys';
import { managementOf, TestNetwork, testWasm } from '../testing/network.js';
import { sha256 } from '../wasm/module.js';

describe('management canister', () => {
  const network = new TestNetwork();

  beforeAll(() => network.start());
  afterAll(() => network.remove());

  it('keeps stable memory over an upgrade and replaces the heap', async () => {
    const canister = await network.deploy();
    await canister.increment();
    await canister.write_stable(70_000n, [7, 8, 9]);
    await network.install(canister.id, { upgrade: [] });
    expect(await canister.counter()).toBe(0n);
    expect(await canister.started()).toBe('post_upgrade');
    expect([...(await canister.read_stable(70_000n, 3n))]).toEqual([7, 8, 9]);
  });

  it('wipes stable memory on a reinstall', async () => {
    const canister = await network.deploy();
    await canister.write_stable(0n, [1]);
    await network.install(canister.id, { reinstall: null });
    expect(await canister.stable_pages()).toBe(0n);
  });

  it('refuses to install over code, to upgrade nothing, and modules that are none', async () => {
    const id = await network.create();
    await expect(network.install(id, { upgrade: [] })).rejects.toThrow('contains no Wasm module');
    await expect(network.install(id, { install: null }, Uint8Array.of(1, 2, 3))).rejects.toThrow('magic bytes');
    await expect(network.install(id, { install: null }, Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0))).rejects.toThrow(
      "Canister's Wasm module is not valid",
    );
    const strange = Uint8Array.from([
      0,
      0x61,
      0x73,
      0x6d,
      1,
      0,
      0,
      0,
      1,
      4,
      1,
      0x60,
      0,
      0,
      2,
      12,
      1,
      3,
      ...Buffer.from('ic0'),
      4,
      ...Buffer.from('fly!'),
      0,
      0,
    ]);
    await expect(network.install(id, { install: null }, strange)).rejects.toThrow(
      "Module imports function 'fly!' from 'ic0' that is not exported by the runtime.",
    );
    await network.install(id);
    await expect(network.install(id)).rejects.toThrow('already has code');
  });

  it('installs from chunks', async () => {
    const id = await network.create();
    const wasm = testWasm();
    const hashes = [];
    for (let at = 0; at < wasm.length; at += 1 << 20)
      hashes.push(await network.management.upload_chunk({ canister_id: id, chunk: wasm.subarray(at, at + (1 << 20)) }));
    await network.management.install_chunked_code({
      mode: { install: null },
      target_canister: id,
      store_canister: [],
      chunk_hashes_list: hashes,
      wasm_module_hash: sha256(wasm),
      arg: new Uint8Array([68, 73, 68, 76, 0, 0]),
      sender_canister_version: [],
    });
    expect(await network.canister(id).increment()).toBe(1n);
  });

  it('obeys controllers only', async () => {
    const canister = await network.deploy();
    const stranger = managementOf(await network.agentOf(Ed25519KeyIdentity.generate()));
    await expect(stranger.stop_canister({ canister_id: canister.id })).rejects.toThrow('Only controllers of canister');
    await expect(stranger.canister_status({ canister_id: canister.id })).rejects.toThrow(
      'Only controllers of canister',
    );
  });

  it('stops, starts and deletes', async () => {
    const canister = await network.deploy();
    await network.management.stop_canister({ canister_id: canister.id });
    await expect(canister.increment()).rejects.toThrow('is stopped');
    await network.management.start_canister({ canister_id: canister.id });
    expect(await canister.increment()).toBe(1n);
    await expect(network.management.delete_canister({ canister_id: canister.id })).rejects.toThrow('must be stopped');
    await network.management.stop_canister({ canister_id: canister.id });
    await network.management.delete_canister({ canister_id: canister.id });
    await expect(canister.counter()).rejects.toThrow('not found');
  });

  it('reports status and module hash', async () => {
    const canister = await network.deploy();
    const status = await network.management.canister_status({ canister_id: canister.id });
    expect(status.status).toEqual({ running: null });
    expect(Buffer.from(status.module_hash[0])).toEqual(Buffer.from(sha256(testWasm())));
    expect(status.cycles).toBeGreaterThan(99_000_000_000_000n);
  });

  it('shows anybody the module hash and the controllers, certified', async () => {
    const canister = await network.deploy();
    const status = await CanisterStatus.request({
      canisterId: canister.id,
      agent: network.agent,
      paths: ['time', 'controllers', 'module_hash', 'subnet'],
    });
    expect(status.get('module_hash')).toBe(Buffer.from(sha256(testWasm())).toString('hex'));
    expect((status.get('controllers') as Principal[]).map(String)).toEqual([network.identity.getPrincipal().toText()]);
    expect(status.get('subnet')).toMatchObject({ nodeKeys: expect.anything() as unknown });
  });

  it('lets a canister create another, install it and control it', async () => {
    const parent = await network.deploy();
    const before = await parent.balance();
    const child = await parent.create_child(2_000_000_000_000n, testWasm());
    expect(before - (await parent.balance())).toBeGreaterThan(2_000_000_000_000n);
    expect(await network.canister(child).increment()).toBe(1n);
    expect(await network.canister(child).started()).toBe(`init by ${parent.id.toText()}`);
    expect(await parent.status_of(child)).toBe('Running, 1 controllers');
  }, 60_000);

  it('refuses users what only canisters may have', async () => {
    await expect(network.management.raw_rand()).rejects.toThrow('Only canisters can call');
  });

  it('gives randomness that differs each time', async () => {
    const canister = await network.deploy();
    expect(Buffer.from(await canister.random()).equals(Buffer.from(await canister.random()))).toBe(false);
  });

  it('derives vetKeys that the public client library verifies', async () => {
    const canister = await network.deploy();
    const context = new TextEncoder().encode('test');
    const input = new TextEncoder().encode('dataset 1 epoch 1');
    const transport = TransportSecretKey.random();
    const publicKey = DerivedPublicKey.deserialize(Uint8Array.from(await canister.vetkd_public_key(context)));
    const encrypted = await canister.vetkd_derive_key(context, input, transport.publicKeyBytes());
    const vetKey = EncryptedVetKey.deserialize(Uint8Array.from(encrypted)).decryptAndVerify(
      transport,
      publicKey,
      input,
    );
    expect(vetKey.signatureBytes()).toHaveLength(48);
  });

  it('signs with a chain key that anybody can verify', async () => {
    const canister = await network.deploy();
    const message = new TextEncoder().encode('channel stable, sequence 7');
    const raw = await canister.schnorr_public_key();
    const key = createPublicKey({
      key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Uint8Array.from(raw)]),
      format: 'der',
      type: 'spki',
    });
    expect(verify(null, message, key, Uint8Array.from(await canister.schnorr_sign(message)))).toBe(true);
  });
});
