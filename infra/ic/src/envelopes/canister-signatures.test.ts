import { generateKeyPairSync, hash, sign } from 'node:crypto';
import { encode } from 'cborg';
import {
  createSubnetKeys,
  encodeCertificate,
  hashTree,
  labelled,
  leaf,
  selfAuthenticating,
  type SubnetKeys,
  type Tree,
} from '../certificates/index.js';
import { decodeEnvelope, representationIndependentHash, selfDescribed, verifyEnvelope } from './index.js';
import { verifySignature } from './signatures.js';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(hash('sha256', bytes, 'buffer'));
const separated = (name: string, bytes: Uint8Array): Uint8Array =>
  Buffer.concat([Uint8Array.of(name.length), text(name), bytes]);
const canisterId = Uint8Array.of(0, 0, 0, 0, 0, 0, 1, 0, 1, 1);
const seed = text('a seed');
const payload = text('a payload');
const root = createSubnetKeys(new Uint8Array(32).fill(1));
const app = createSubnetKeys(new Uint8Array(32).fill(2));
const main = createSubnetKeys(new Uint8Array(32).fill(3));

const publicKey = ((): Uint8Array => {
  const raw = Buffer.concat([Uint8Array.of(0, canisterId.length), canisterId, seed]);
  const content = Buffer.concat([
    Buffer.from('300c060a2b0601040183b8430102', 'hex'),
    Uint8Array.of(3, raw.length),
    raw,
  ]);
  return Buffer.concat([Uint8Array.of(0x30, content.length), content]);
})();

const certify = (
  keys: SubnetKeys,
  tree: Tree,
  delegation?: { subnet_id: Uint8Array; certificate: Uint8Array },
): Uint8Array => encodeCertificate(hashTree(tree).witness([[]]), keys.sign(hashTree(tree).digest), delegation);

function delegation(type?: string, last = Uint8Array.of(0, 0, 0, 0, 0, 2, 0, 0, 1, 1)) {
  const ranges = leaf(encode([[Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 1, 1), last]]));
  const subnet: [string, Tree][] = [
    ['public_key', leaf(app.der)],
    ['canister_ranges', ranges],
  ];
  if (type) subnet.push(['type', leaf(text(type))]);
  return {
    subnet_id: app.subnetId,
    certificate: certify(root, labelled([['subnet', labelled([[app.subnetId, labelled(subnet)]])]])),
  };
}

interface Choice {
  message?: Uint8Array;
  keys?: SubnetKeys;
  chain?: ReturnType<typeof delegation>;
  signedLeaf?: Uint8Array;
  certified?: Uint8Array;
  by?: Uint8Array;
}

/** A signature as a canister makes it; a choice spoils one thing. */
function signature({
  message = payload,
  keys = root,
  chain,
  signedLeaf = new Uint8Array(),
  certified,
  by = canisterId,
}: Choice = {}): Uint8Array {
  const signatures = hashTree(
    labelled([['sig', labelled([[sha256(seed), labelled([[sha256(message), leaf(signedLeaf)]])]])]]),
  );
  const state = labelled([
    ['canister', labelled([[by, labelled([['certified_data', leaf(certified ?? signatures.digest)]])]])],
  ]);
  return selfDescribed(
    encode({
      certificate: certify(keys, state, chain),
      tree: signatures.witness([[text('sig'), sha256(seed), sha256(message)]]),
    }),
  );
}

describe('canister signatures', () => {
  it.each<[string, Choice]>([
    ['on the root subnet', {}],
    ['on a delegated subnet', { keys: app, chain: delegation('application') }],
  ])('%s hold', (_, choice) => {
    expect(() => verifySignature(publicKey, payload, signature(choice), [root.der])).not.toThrow();
  });

  it('hold under any of several root keys', () => {
    expect(() => verifySignature(publicKey, payload, signature({ keys: main }), [root.der, main.der])).not.toThrow();
  });

  it.each<[string, string, Choice]>([
    ['over another payload', 'did not sign', { message: text('other') }],
    ['under an unknown root', 'does not verify', { keys: main }],
    ['whose leaf is not empty', 'did not sign', { signedLeaf: text('x') }],
    ['whose tree is not what the canister certified', 'not the root', { certified: new Uint8Array(32) }],
    ['of another canister', 'not the root', { by: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 9, 1, 1) }],
    [
      'of a canister outside the ranges',
      'outside the ranges',
      { keys: app, chain: delegation('application', Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1, 1, 1)) },
    ],
    ['of a cloud engine', 'must not give', { keys: app, chain: delegation('cloud_engine') }],
    ['of a subnet of unknown type', 'must not give', { keys: app, chain: delegation() }],
  ])('%s are refused', (_, words, choice) => {
    expect(() => verifySignature(publicKey, payload, signature(choice), [root.der])).toThrow(words);
  });

  it('are verified again under other root keys, though they held once', () => {
    const good = signature();
    verifySignature(publicKey, payload, good, [root.der]);
    expect(() => verifySignature(publicKey, payload, good, [main.der])).toThrow('does not verify');
    expect(() => verifySignature(publicKey, text('other'), good, [root.der])).toThrow('did not sign');
  });
});

describe('a request of an Internet Identity user', () => {
  const now = 1_700_000_000_000_000_000n;
  const session = generateKeyPairSync('ed25519');
  const sessionKey = new Uint8Array(session.publicKey.export({ format: 'der', type: 'spki' }));

  function request(info?: { info: Uint8Array; signer: Uint8Array; sig: Uint8Array }): Uint8Array {
    const delegated = { pubkey: sessionKey, expiration: now + 1n };
    const chain = [
      {
        delegation: delegated,
        signature: signature({
          message: separated('ic-request-auth-delegation', representationIndependentHash(delegated)),
        }),
      },
    ];
    const content = {
      request_type: 'query',
      sender: selfAuthenticating(publicKey),
      ingress_expiry: now,
      canister_id: canisterId,
      method_name: 'whoami',
      arg: text(''),
      ...(info && { sender_info: info }),
    };
    const sig = new Uint8Array(
      sign(null, separated('ic-request', representationIndependentHash(content)), session.privateKey),
    );
    return encode({ content, sender_pubkey: publicKey, sender_sig: sig, sender_delegation: chain });
  }

  const verifyBody = (body: Uint8Array) =>
    verifyEnvelope(decodeEnvelope(body), { now, rootKey: root.der, expectedType: 'query' });
  const info = text('{"name":"Ada"}');

  it('is accepted with a session key that the canister delegated to', () => {
    expect(verifyBody(request()).content.sender).toEqual(selfAuthenticating(publicKey));
  });

  it('carries what the canister signed about the sender', () => {
    const sig = signature({ message: separated('ic-sender-info', info) });
    expect(verifyBody(request({ info, signer: canisterId, sig })).senderInfo).toEqual({ info, signer: canisterId });
  });

  it('is refused when the sender information is not signed, or by another canister', () => {
    const sig = signature({ message: separated('ic-sender-info', info) });
    expect(() => verifyBody(request({ info: text('{"name":"Eve"}'), signer: canisterId, sig }))).toThrow(
      expect.objectContaining({ code: 'badSignature' }),
    );
    expect(() => verifyBody(request({ info, signer: Uint8Array.of(1), sig }))).toThrow(
      expect.objectContaining({ code: 'badSignature' }),
    );
  });
});
