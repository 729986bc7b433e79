import * as agent3 from '@dfinity/agent';
import { IDL } from '@dfinity/candid';
import * as identity3 from '@dfinity/identity';
import { Principal as Principal3 } from '@dfinity/principal';
import * as agent6 from 'icp-sdk-core-6/agent';
import * as identity6 from 'icp-sdk-core-6/identity';
import { Secp256k1KeyIdentity } from 'icp-sdk-core-6/identity/secp256k1';
import { Principal as Principal6 } from 'icp-sdk-core-6/principal';
import { FORMS, TestNetwork } from '../testing/network.js';
import { testCanister, type TestCanister } from '../testing/test-canister.js';

/** Two generations of the JavaScript agent, as published, with every check on. */
describe.each(FORMS)('JavaScript agents, of a subnet %s,', (_, options) => {
  const network = new TestNetwork();
  let id: string;

  beforeAll(async () => {
    await network.start(options);
    id = (await network.deploy()).id.toText();
  });
  afterAll(() => network.remove());

  // The two have the same names with different classes; what is used of them here is the same.
  const generations = [
    ['@dfinity/agent 3.4.3', agent3, identity3, Principal3],
    [
      '@icp-sdk/core 6.1',
      agent6 as unknown as typeof agent3,
      identity6 as unknown as typeof identity3,
      Principal6 as unknown as typeof Principal3,
    ],
  ] as const;

  describe.each(generations)(
    '%s',
    (
      _,
      { Actor, HttpAgent, CanisterStatus },
      { DelegationChain, DelegationIdentity, ECDSAKeyIdentity, Ed25519KeyIdentity },
      Principal,
    ) => {
      const agentOf = (
        identity: agent3.Identity | undefined,
        rootKey: string = network.rootKey,
      ): Promise<agent3.HttpAgent> =>
        HttpAgent.create({
          host: network.url,
          identity,
          rootKey: Uint8Array.from(Buffer.from(rootKey, 'hex')),
          verifyQuerySignatures: true,
          retryTimes: 0,
        });
      const actor = (agent: agent3.HttpAgent): TestCanister =>
        Actor.createActor(testCanister, { agent, canisterId: Principal.fromText(id) }) as unknown as TestCanister;

      it('updates and queries with Ed25519, P-256 and without an identity', async () => {
        for (const identity of [Ed25519KeyIdentity.generate(), await ECDSAKeyIdentity.generate(), undefined]) {
          const canister = actor(await agentOf(identity));
          const after = await canister.increment();
          expect(await canister.counter()).toBe(after);
          if (identity) expect((await canister.whoami()).toText()).toBe(identity.getPrincipal().toText());
        }
      });

      it('believes nothing under another root key', async () => {
        const other = `${network.rootKey.slice(0, -2)}${network.rootKey.endsWith('00') ? '01' : '00'}`;
        const canister = actor(await agentOf(Ed25519KeyIdentity.generate(), other));
        await expect(canister.increment()).rejects.toThrow(/certificate|signature|key|point/i);
        await expect(canister.counter()).rejects.toThrow(/certificate|signature|key|point/i);
      });

      it('uses a delegation within its targets, and is refused beyond them and when it has expired', async () => {
        const owner = Ed25519KeyIdentity.generate();
        const session = Ed25519KeyIdentity.generate();
        const by = async (targets: string[], expiry: number): Promise<TestCanister> => {
          const chain = await DelegationChain.create(owner, session.getPublicKey(), new Date(expiry), {
            targets: targets.map((one) => Principal.fromText(one)),
          });
          return actor(await agentOf(DelegationIdentity.fromDelegation(session, chain)));
        };
        const soon = Date.now() + 600_000;
        expect((await (await by([id], soon)).whoami()).toText()).toBe(owner.getPrincipal().toText());
        expect(await (await by([id, 'aaaaa-aa'], soon)).increment()).toBeGreaterThan(0n);
        await expect((await by(['ryjl3-tyaaa-aaaaa-aaaba-cai'], soon)).increment()).rejects.toThrow(/target/i);
        await expect((await by([id], Date.now() - 600_000)).increment()).rejects.toThrow(/expired|expiry/i);
      });

      it('shows why a call was rejected, with its code', async () => {
        const canister = actor(await agentOf(undefined));
        await expect(canister.increment_and_trap()).rejects.toThrow(/IC0503[\s\S]*deliberate|deliberate[\s\S]*IC0503/);
        await expect(canister.reject_with('not today')).rejects.toThrow('not today');
      });

      it('reads the certified state of a canister and the subnet', async () => {
        const agent = await agentOf(undefined);
        const status = await CanisterStatus.request({
          canisterId: Principal.fromText(id),
          agent,
          paths: ['time', 'controllers', 'module_hash', 'subnet'],
        });
        expect(status.get('module_hash')).toMatch(/^[0-9a-f]{64}$/);
        expect(status.get('subnet')).toMatchObject({ nodeKeys: expect.anything() as unknown });
      });
    },
  );

  it('of the new generation signs with secp256k1', async () => {
    const identity = Secp256k1KeyIdentity.generate();
    const agent = await agent6.HttpAgent.create({
      host: network.url,
      identity,
      rootKey: Uint8Array.from(Buffer.from(network.rootKey, 'hex')),
      retryTimes: 0,
    });
    const query = await agent.query(Principal6.fromText(id), {
      methodName: 'whoami',
      arg: new Uint8Array(IDL.encode([], [])),
    });
    if (!('reply' in query)) throw new Error('The query was rejected.');
    expect(String(IDL.decode([IDL.Principal], query.reply.arg)[0])).toBe(identity.getPrincipal().toText());
  });
});
