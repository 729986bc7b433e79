import { Certificate } from '@dfinity/agent';
import { Principal } from '@dfinity/principal';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { verifyCertificate } from '../certificates/index.js';
import { decodeStrictly } from '../envelopes/cbor.js';
import { representationIndependentHash } from '../envelopes/index.js';
import { TestNetwork, until } from '../testing/network.js';
import { contentOf, envelopeOf, inMinutes, newSender, readingOf } from '../testing/sender.js';

const alice = newSender();

describe('a subnet under a root', () => {
  const network = new TestNetwork();
  afterAll(() => network.remove());
  const post = (path: string, body: Uint8Array): Promise<Response> =>
    fetch(`${network.url}${path}`, { method: 'POST', body: body as never });
  const fields = async (answer: Response): Promise<Map<string, unknown>> =>
    decodeStrictly(new Uint8Array(await answer.arrayBuffer())) as Map<string, unknown>;
  const control = (path: string): Promise<Response> =>
    fetch(`${network.controlUrl}${path}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${readFileSync(join(network.folder, 'control-token'), 'utf8').trim()}`,
        'content-type': 'application/json',
      },
      body: '{}',
    });
  const status = (requestId: Uint8Array): Uint8Array =>
    envelopeOf(alice, readingOf(alice, [['request_status', requestId]]));

  it('signs by its own key, for which the root speaks; both stay with the state, however it is started', async () => {
    await network.start(['--control', '--delegated']);
    const root = network.rootKey;
    const canister = await network.deploy();
    await canister.certify([1, 2, 3]);
    const bytes = Uint8Array.from((await canister.certificate())[0]!);
    const verified = verifyCertificate(bytes, Buffer.from(root, 'hex'));
    expect(verified.delegated).toBe(true);
    expect(verified.subnetType).toBe('application');
    expect(verified.covers(canister.id.toUint8Array())).toBe(true);
    expect(verified.covers(new Uint8Array(11).fill(255))).toBe(false);
    expect(verified.tree.lookup(['canister', canister.id.toUint8Array(), 'certified_data'])).toEqual(
      Uint8Array.of(1, 2, 3),
    );
    await Certificate.create({
      certificate: bytes,
      rootKey: Uint8Array.from(Buffer.from(root, 'hex')),
      canisterId: canister.id,
    });
    await network.stop();
    await network.start(['--control']);
    expect(network.rootKey).toBe(root);
    expect(
      verifyCertificate(
        Uint8Array.from((await network.canister(canister.id).certificate())[0]!),
        Buffer.from(root, 'hex'),
      ).delegated,
    ).toBe(true);
  });

  it('shows its metrics at its own address', async () => {
    const delegation = (
      decodeStrictly(Uint8Array.from((await (await network.deploy()).certificate())[0]!)) as Map<
        string,
        Map<string, Uint8Array>
      >
    ).get('delegation')!;
    const subnet = delegation.get('subnet_id')!;
    const { encode } = await import('cborg');
    const metrics = async (): Promise<Record<string, unknown>> => {
      const content = {
        request_type: 'read_state',
        sender: Uint8Array.of(4),
        ingress_expiry: inMinutes(4),
        paths: [[Buffer.from('subnet'), subnet, Buffer.from('metrics')]],
      };
      const answer = await fields(
        await post(`/api/v3/subnet/${Principal.fromUint8Array(subnet).toText()}/read_state`, encode({ content })),
      );
      const found = verifyCertificate(
        answer.get('certificate') as Uint8Array,
        Buffer.from(network.rootKey, 'hex'),
      ).tree.lookup(['subnet', subnet, 'metrics']);
      return Object.fromEntries(decodeStrictly(found as Uint8Array) as Map<string, unknown>);
    };
    await until(
      'they count both canisters: they are of the last second',
      async () => (await metrics())['num_canisters'] === 2,
    );
    expect(await metrics()).toEqual({
      num_canisters: 2,
      canister_state_bytes: expect.any(Number),
      consumed_cycles_total: expect.any(Map),
      update_transactions_total: expect.any(Number),
    });
  });

  it('answers a call that takes longer than ten seconds with 202, and its outcome later, once', async () => {
    const canister = await network.deploy();
    const before = await canister.counter();
    const contents = [3, 4].map(() => contentOf(alice, canister.id.toUint8Array()));
    const [first, second] = contents.map((content) => envelopeOf(alice, content)) as [Uint8Array, Uint8Array];
    const address = (version: number): string => `/api/v${version}/canister/${canister.id.toText()}/call`;
    expect((await control('/pause')).ok).toBe(true);
    const answers = await Promise.all([post(address(3), first), post(address(4), second), post(address(4), first)]);
    expect(answers.map((answer) => answer.status)).toEqual([202, 202, 202]);
    expect((await control('/resume')).ok).toBe(true);
    const replied = await post(address(4), first);
    expect(replied.status).toBe(200);
    const requestId = representationIndependentHash(contents[1]!);
    const polled = await fields(await post(`/api/v2/canister/${canister.id.toText()}/read_state`, status(requestId)));
    const tree = verifyCertificate(polled.get('certificate') as Uint8Array, Buffer.from(network.rootKey, 'hex')).tree;
    expect(Buffer.from(tree.lookup(['request_status', requestId, 'status']) as Uint8Array).toString()).toBe('replied');
    expect(await canister.counter()).toBe(before + 2n);
  }, 40_000);
});
