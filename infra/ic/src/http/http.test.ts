import { Cbor, Certificate, IC_ROOT_KEY, HttpAgent, type Identity } from '@dfinity/agent';
import { IDL } from '@dfinity/candid';
import { Ed25519KeyIdentity } from '@dfinity/identity';
import { Principal } from '@dfinity/principal';
import { ANY, TestNetwork } from '../testing/network.js';
import type { TestCanister } from '../testing/test-canister.js';

const EMPTY = new Uint8Array(IDL.encode([], []));

describe('HTTP interface', () => {
  const network = new TestNetwork();
  let canister: TestCanister;

  beforeAll(async () => {
    await network.start();
    canister = await network.deploy();
  });
  afterAll(() => network.remove());

  it('certifies data that a client verifies with the root key alone', async () => {
    await canister.certify([1, 2, 3, 4]);
    const [bytes] = await canister.certificate();
    const certificate = await Certificate.create({
      certificate: Uint8Array.from(bytes!),
      rootKey: network.agent.rootKey!,
      canisterId: canister.id,
    });
    const found = certificate.lookup_path(['canister', canister.id.toUint8Array(), 'certified_data']);
    expect(found).toEqual({ status: 'Found', value: Uint8Array.of(1, 2, 3, 4) });
  });

  it('gives no data certificate in an update, and one to every fresh query', async () => {
    const first = Buffer.from((await canister.certificate())[0]!);
    await new Promise((resolve) => {
      setTimeout(resolve, 1100);
    });
    expect(Buffer.from((await canister.certificate())[0]!).equals(first)).toBe(false);
  });

  it('is not believed under another root key', async () => {
    const agent = await HttpAgent.create({
      host: network.url,
      rootKey: Uint8Array.from(Buffer.from(IC_ROOT_KEY, 'hex')),
      verifyQuerySignatures: true,
      retryTimes: 0,
    });
    await expect(network.canister(canister.id, agent).counter()).rejects.toThrow(/signature|certificate|verif/i);
    await expect(network.canister(canister.id, agent).increment()).rejects.toThrow(/signature|certificate|verif/i);
  });

  it('executes the same request once', async () => {
    const before = await canister.counter();
    const { body, url } = await signedCall(network, network.identity, canister.id, 'increment');
    const answers = await Promise.all([post(url, body), post(url, body), post(url, body)]);
    for (const answer of answers) expect([200, 202]).toContain(answer.status);
    expect((await post(url, body)).status).toBe(200);
    expect(await canister.counter()).toBe(before + 1n);
  });

  it('refuses an expired request with the words that clients correct their clock by', async () => {
    const { body, url } = await signedCall(network, network.identity, canister.id, 'increment', Date.now() - 600_000);
    const answer = await post(url, body);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toEqual(
      expect.stringMatching(/^Invalid request expiry: Specified ingress_expiry not within expected range/),
    );
  });

  it('refuses a request whose content was changed after it was signed', async () => {
    const before = await canister.counter();
    const { body, url } = await signedCall(network, network.identity, canister.id, 'wasm_trap');
    const changed = Buffer.from(body);
    const at = changed.indexOf('wasm_trap');
    changed.write('increment', at);
    const answer = await post(url, changed);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toEqual(expect.stringMatching(/Invalid signature/));
    expect(await canister.counter()).toBe(before);
  });

  it("refuses a call at another canister's endpoint", async () => {
    const { body } = await signedCall(network, network.identity, canister.id, 'increment');
    expect((await post(`${network.url}/api/v3/canister/${ANY.toText()}/call`, body)).status).toBe(400);
  });

  it('answers v2 calls with 202 and certifies their outcome in read_state', async () => {
    const { body, requestId } = await signedCall(network, network.identity, canister.id, 'increment');
    const answer = await post(`${network.url}/api/v2/canister/${canister.id.toText()}/call`, body);
    expect(answer.status).toBe(202);
    expect((await answer.arrayBuffer()).byteLength).toBe(0);
    await new Promise((resolve) => {
      setTimeout(resolve, 500);
    });
    const path = [new TextEncoder().encode('request_status'), requestId];
    const { certificate } = await network.agent.readState(canister.id, { paths: [path as never] });
    const verified = await Certificate.create({
      certificate,
      rootKey: network.agent.rootKey!,
      canisterId: canister.id,
    });
    expect(verified.lookup_path([...path, 'status'] as never)).toEqual({
      status: 'Found',
      value: new TextEncoder().encode('replied'),
    });
  });

  it('proves that a call is unknown', async () => {
    const path = [new TextEncoder().encode('request_status'), new Uint8Array(32).fill(7)];
    const { certificate } = await network.agent.readState(canister.id, { paths: [path as never] });
    const verified = await Certificate.create({
      certificate,
      rootKey: network.agent.rootKey!,
      canisterId: canister.id,
    });
    expect(verified.lookup_path(path as never)).toEqual({ status: 'Absent' });
  });

  it("shows a call's outcome to its sender only", async () => {
    const { body, url, requestId } = await signedCall(network, network.identity, canister.id, 'increment');
    await post(url, body);
    const stranger = await network.agentOf(Ed25519KeyIdentity.generate());
    await expect(
      stranger.readState(canister.id, { paths: [[new TextEncoder().encode('request_status'), requestId] as never] }),
    ).rejects.toThrow(/403/);
  });

  it('rejects calls and queries of canisters and methods that are not there', async () => {
    const nobody = network.canister(Principal.fromText('bkyz2-fmaaa-aaaaa-qaaaq-cai'));
    await expect(nobody.counter()).rejects.toThrow('not found');
    await expect(nobody.increment()).rejects.toThrow('not found');
  });

  it('knows no other endpoints, and no bodies beyond 5 MiB', async () => {
    expect((await post(`${network.url}/api/v9/canister/${canister.id.toText()}/call`, Buffer.alloc(1))).status).toBe(
      404,
    );
    expect(
      (await post(`${network.url}/api/v2/canister/${canister.id.toText()}/query`, Buffer.from('no CBOR'))).status,
    ).toBe(400);
    expect(
      (await post(`${network.url}/api/v2/canister/${canister.id.toText()}/query`, Buffer.alloc(6 << 20))).status,
    ).toBe(413);
  });

  it('answers browsers of any origin', async () => {
    const answer = await fetch(`${network.url}/api/v2/status`, { method: 'OPTIONS' });
    expect(answer.status).toBe(204);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  });

  it('describes itself to PocketIC clients', async () => {
    const topology = (await (await fetch(`${network.url}/_/topology`)).json()) as {
      default_effective_canister_id: { canister_id: string };
    };
    expect(Buffer.from(topology.default_effective_canister_id.canister_id, 'base64')).toHaveLength(10);
  });
});

async function signedCall(
  network: TestNetwork,
  identity: Identity,
  canisterId: Principal,
  method: string,
  expiresAt = Date.now() + 120_000,
): Promise<{ body: Uint8Array; url: string; requestId: Uint8Array }> {
  const { requestIdOf } = await import('@dfinity/agent');
  const content = {
    request_type: 'call',
    canister_id: canisterId,
    method_name: method,
    arg: EMPTY,
    sender: identity.getPrincipal(),
    ingress_expiry: BigInt(expiresAt) * 1_000_000n,
    nonce: crypto.getRandomValues(new Uint8Array(16)),
  };
  const signed = (await identity.transformRequest({ body: content, endpoint: 'call', request: {} } as never)) as {
    body: object;
  };
  return {
    body: new Uint8Array(Cbor.encode(signed.body)),
    url: `${network.url}/api/v3/canister/${canisterId.toText()}/call`,
    requestId: new Uint8Array(requestIdOf(content as never)),
  };
}

function post(url: string, body: Uint8Array): Promise<Response> {
  return fetch(url, { method: 'POST', headers: { 'content-type': 'application/cbor' }, body: body as never });
}
