import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { HttpAgent, requestIdOf, type Identity } from '@dfinity/agent';
import { DelegationChain, DelegationIdentity, ECDSAKeyIdentity, Ed25519KeyIdentity } from '@dfinity/identity';
import { Principal } from '@dfinity/principal';
import { encode } from 'cborg';
import { createSubnetKeys, selfAuthenticating } from '../certificates/index.js';
import {
  decodeEnvelope,
  representationIndependentHash,
  selfDescribed,
  verifyEnvelope,
  type RequestType,
  type VerificationOptions,
} from './index.js';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const canister = Principal.fromText('uzt4z-lp777-77774-qaabq-cai');
const canisterId = canister.toUint8Array();
const rootKey = createSubnetKeys(new Uint8Array(32).fill(1)).der;
const now = (): bigint => BigInt(Date.now()) * 1_000_000n;
const minutes = (count: number): bigint => BigInt(count) * 60_000_000_000n;
const verifyBody = (body: Uint8Array, expectedType: RequestType, options: Partial<VerificationOptions> = {}) =>
  verifyEnvelope(decodeEnvelope(body), { now: now(), rootKey, expectedType, ...options });

/** What an unmodified HttpAgent sends for a call, a query and a read_state. */
async function sent(identity: Identity | undefined, type: RequestType): Promise<Uint8Array> {
  let body: Uint8Array | undefined;
  const capture = async (_: unknown, init?: RequestInit): Promise<Response> => {
    body = new Uint8Array(init?.body as Uint8Array);
    return new Response('seen enough', { status: 400 });
  };
  const agent = HttpAgent.createSync({
    host: 'http://localhost',
    identity,
    fetch: capture as typeof fetch,
    retryTimes: 0,
    verifyQuerySignatures: false,
  });
  const arg = text('DIDL\0\0');
  const request =
    type === 'call'
      ? agent.call(canister, { methodName: 'greet', arg })
      : type === 'query'
        ? agent.query(canister, { methodName: 'greet', arg })
        : agent.readState(canister, { paths: [[text('time')]] });
  await request.catch(() => undefined);
  if (!body) throw new Error('The agent sent nothing.');
  return body;
}

interface Sender {
  der: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}

function ed25519(): Sender {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return { der: der(publicKey), sign: (message) => sign(null, message, privateKey) };
}

function ecdsa(namedCurve: string): Sender {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve });
  return {
    der: der(publicKey),
    sign: (message) => sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' }),
  };
}

function der(key: KeyObject): Uint8Array {
  return new Uint8Array(key.export({ format: 'der', type: 'spki' }));
}

const separated = (name: string, bytes: Uint8Array): Uint8Array =>
  Buffer.concat([Uint8Array.of(name.length), text(name), bytes]);
const contentOf = (sender: Sender, more: object = {}) => ({
  request_type: 'call',
  sender: selfAuthenticating(sender.der),
  ingress_expiry: now() + minutes(4),
  canister_id: canisterId,
  method_name: 'greet',
  arg: text('DIDL'),
  ...more,
});

interface Link {
  delegation: Record<string, unknown>;
  signature: Uint8Array;
}

function link(from: Sender, to: Sender, more: object = {}): Link {
  const delegation = { pubkey: to.der, expiration: now() + minutes(60), ...more };
  return {
    delegation,
    signature: from.sign(separated('ic-request-auth-delegation', representationIndependentHash(delegation))),
  };
}

function envelope(sender: Sender, content: object, signer: Sender = sender, chain?: Link[]): Uint8Array {
  const sig = signer.sign(separated('ic-request', representationIndependentHash(content)));
  return selfDescribed(
    encode({ content, sender_pubkey: sender.der, sender_sig: sig, ...(chain && { sender_delegation: chain }) }),
  );
}

describe('the representation-independent hash', () => {
  it("is the specification's for its example", () => {
    const request = {
      request_type: 'call',
      sender: Uint8Array.of(4),
      ingress_expiry: 1685570400000000000n,
      canister_id: Uint8Array.of(0, 0, 0, 0, 0, 0, 4, 0xd2),
      method_name: 'hello',
      arg: Uint8Array.of(0x44, 0x49, 0x44, 0x4c, 0, 0xfd, 0x2a),
      nonce: undefined,
    };
    expect(Buffer.from(representationIndependentHash(request)).toString('hex')).toBe(
      '1d1091364d6bb8a6c16b203ee75467d59ead468f523eb058880ae8ec80e2b101',
    );
  });

  it("is the agent's for nested values", () => {
    const value = {
      paths: [[text('a'), text('b')], []],
      reply: { arg: text('x') },
      numbers: [0, 1, 127, 128, 624485],
      name: 'ü',
    };
    expect(representationIndependentHash(value)).toEqual(requestIdOf(value));
  });

  it.each([
    ['null', null],
    ['a boolean', true],
    ['a fraction', 1.5],
  ])('does not exist for %s', (_, value) => {
    expect(() => representationIndependentHash({ value })).toThrow(TypeError);
  });
});

describe('requests of unmodified agents', () => {
  it.each(['call', 'query', 'read_state'] as const)('are accepted: a %s by each kind of identity', async (type) => {
    const session = Ed25519KeyIdentity.generate();
    const chain = await DelegationChain.create(
      Ed25519KeyIdentity.generate(),
      session.getPublicKey(),
      new Date(Date.now() + 600_000),
      { targets: [canister] },
    );
    const identities: Identity[] = [
      Ed25519KeyIdentity.generate(),
      await ECDSAKeyIdentity.generate(),
      DelegationIdentity.fromDelegation(session, chain),
    ];
    for (const identity of identities) {
      const { content, requestId } = verifyBody(await sent(identity, type), type);
      expect(content.request_type).toBe(type);
      expect(content.sender).toEqual(identity.getPrincipal().toUint8Array());
      expect(requestId).toHaveLength(32);
    }
  });

  it('are accepted from anonymous', async () => {
    expect(verifyBody(await sent(undefined, 'call'), 'call').content).toMatchObject({
      sender: Uint8Array.of(4),
      method_name: 'greet',
      canister_id: canisterId,
    });
  });
});

describe('signatures', () => {
  it.each([
    ['Ed25519', ed25519()],
    ['ECDSA P-256', ecdsa('P-256')],
    ['ECDSA secp256k1', ecdsa('secp256k1')],
  ])('by %s hold, and not for another content', (_, sender) => {
    const content = contentOf(sender);
    expect(verifyBody(envelope(sender, content), 'call').requestId).toEqual(representationIndependentHash(content));
    const sig = sender.sign(
      separated('ic-request', representationIndependentHash({ ...content, method_name: 'steal' })),
    );
    expect(() => verifyBody(encode({ content, sender_pubkey: sender.der, sender_sig: sig }), 'call')).toThrow(
      expect.objectContaining({ code: 'badSignature', httpStatus: 400 }),
    );
  });

  it('cover fields that this host does not know', () => {
    const sender = ed25519();
    const content = contentOf(sender, { from_the_future: [1, text('x')] });
    expect(verifyBody(envelope(sender, content), 'call').requestId).toEqual(representationIndependentHash(content));
    const sig = sender.sign(separated('ic-request', representationIndependentHash(content)));
    const stripped = encode({
      content: contentOf(sender, { ingress_expiry: content.ingress_expiry }),
      sender_pubkey: sender.der,
      sender_sig: sig,
    });
    expect(() => verifyBody(stripped, 'call')).toThrow(expect.objectContaining({ code: 'badSignature' }));
  });

  const sender = ed25519();
  it.each<[string, string, () => Uint8Array]>([
    [
      "for a sender that is not the key's principal",
      'wrongSender',
      () => envelope(sender, { ...contentOf(sender), sender: canisterId }),
    ],
    ['that are missing', 'badSignature', () => encode({ content: contentOf(sender), sender_pubkey: sender.der })],
    ['without a key', 'badSignature', () => encode({ content: contentOf(sender), sender_sig: new Uint8Array(64) })],
    [
      'of DER-encoded ECDSA',
      'badSignature',
      () => {
        const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
        return envelope(
          { der: der(publicKey), sign: (message) => sign('sha256', message, privateKey) },
          contentOf({ ...sender, der: der(publicKey) }),
        );
      },
    ],
    [
      'by a key of an unknown scheme',
      'badSignature',
      () => {
        const { publicKey, privateKey } = generateKeyPairSync('ed448');
        return envelope(
          { der: der(publicKey), sign: (message) => sign(null, message, privateKey) },
          contentOf({ ...sender, der: der(publicKey) }),
        );
      },
    ],
    [
      'by anonymous with a key',
      'wrongSender',
      () =>
        encode({
          content: { ...contentOf(sender), sender: Uint8Array.of(4) },
          sender_pubkey: sender.der,
          sender_sig: new Uint8Array(64),
        }),
    ],
  ])('%s are refused', (_, code, make) => {
    expect(() => verifyBody(make(), 'call')).toThrow(expect.objectContaining({ code }));
  });
});

describe('expiry', () => {
  const sender = ed25519();
  const expiring = (at: bigint) => envelope(sender, contentOf(sender, { ingress_expiry: at }));

  it('is accepted from now to 5 minutes and 30 seconds', () => {
    const at = now();
    for (const expiry of [at, at + minutes(5) + 30_000_000_000n])
      expect(() => verifyBody(expiring(expiry), 'call', { now: at })).not.toThrow();
  });

  it.each([
    ['in the past', -1n],
    ['too far ahead', minutes(5) + 30_000_000_001n],
  ])('%s is refused with the words clients look for', (_, offset) => {
    const at = 1_700_000_000_000_000_000n;
    expect(() => verifyBody(expiring(at + offset), 'call', { now: at })).toThrow(
      expect.objectContaining({
        code: 'expired',
        message: expect.stringMatching(
          new RegExp(
            '^Invalid request expiry: Specified ingress_expiry not within expected range: ' +
              'Minimum allowed expiry: 2023-11-14 22:13:20\\.000000000 UTC, ' +
              'Maximum allowed expiry: .*, Provided expiry: ',
          ),
        ),
      }),
    );
  });

  it('does not matter for anonymous queries, but for anonymous calls', () => {
    const anonymous = (request_type: string) =>
      encode({ content: { ...contentOf(sender), request_type, sender: Uint8Array.of(4), ingress_expiry: 1 } });
    expect(() => verifyBody(anonymous('query'), 'query')).not.toThrow();
    expect(() => verifyBody(anonymous('call'), 'call')).toThrow(expect.objectContaining({ code: 'expired' }));
  });

  it('may lie beyond all dates', () => {
    expect(() => verifyBody(expiring(2n ** 64n - 1n), 'call')).toThrow(expect.objectContaining({ code: 'expired' }));
  });
});

describe('delegations', () => {
  const root = ed25519();
  const middle = ecdsa('P-256');
  const session = ed25519();
  const chained = (chain: Link[], more: object = {}, signer = session) =>
    envelope(root, contentOf(root, more), signer, chain);
  const two = (first: object = {}, second: object = {}): Link[] => [
    link(root, middle, first),
    link(middle, session, second),
  ];

  it('pass the right to sign along the chain', () => {
    expect(verifyBody(chained(two()), 'call').targets).toBeUndefined();
  });

  it('are bound by all their targets', () => {
    const others = [Uint8Array.of(1), Uint8Array.of(2)];
    const chain = two({ targets: [canisterId, others[0]] }, { targets: [others[1], canisterId] });
    expect(verifyBody(chained(chain), 'call').targets).toEqual([canisterId]);
    const apart = two({ targets: [canisterId, others[0]] }, { targets: [others[0]] });
    expect(() => verifyBody(chained(apart), 'call')).toThrow(expect.objectContaining({ code: 'badDelegation' }));
  });

  it('for queries forbid calls only', () => {
    const chain = two({ permissions: 'queries' }, { permissions: 'all' });
    expect(() => verifyBody(chained(chain, { request_type: 'query' }), 'query')).not.toThrow();
    expect(() => verifyBody(chained(chain), 'call')).toThrow(expect.objectContaining({ code: 'badDelegation' }));
  });

  it.each<[string, string, () => Uint8Array]>([
    ['expired', 'badDelegation', () => chained(two({}, { expiration: now() - 1n }))],
    ['with an unknown permission', 'badDelegation', () => chained(two({ permissions: 'everything' }))],
    ['with no target at all', 'badDelegation', () => chained(two({ targets: [] }))],
    ['in a circle', 'badDelegation', () => chained([...two(), link(session, root), link(root, session)])],
    ['out of order', 'badDelegation', () => chained(two().reverse())],
    ['signed by a stranger', 'badDelegation', () => chained([link(session, middle), link(middle, session)])],
    [
      'changed after signing',
      'badDelegation',
      () =>
        chained(two().map((one) => ({ ...one, delegation: { ...one.delegation, expiration: now() + minutes(90) } }))),
    ],
    ["to another key than the signer's", 'badSignature', () => chained(two(), {}, root)],
    ['more than twenty', 'badDelegation', () => chained(Array.from({ length: 21 }, () => link(root, session)))],
    [
      'with over a thousand targets',
      'malformed',
      () => chained(two({ targets: Array.from({ length: 1001 }, () => canisterId) })),
    ],
  ])('%s are refused', (_, code, make) => {
    expect(() => verifyBody(make(), 'call')).toThrow(expect.objectContaining({ code }));
  });

  it('are fine up to twenty', () => {
    const keys = [root, ...Array.from({ length: 20 }, ed25519)];
    const chain = keys.slice(1).map((key, index) => link(keys[index]!, key));
    expect(() => verifyBody(chained(chain, {}, keys.at(-1)), 'call')).not.toThrow();
  });
});

describe('malformed envelopes', () => {
  const sender = ed25519();
  const content = contentOf(sender);
  const anonymous = { ...content, sender: Uint8Array.of(4) };
  it.each<[string, Uint8Array]>([
    ['no CBOR', text('hello')],
    ['nothing', new Uint8Array()],
    ['an array', encode([])],
    ['no content', encode({})],
    ['bytes after the end', Buffer.concat([encode({ content: anonymous }), Uint8Array.of(0)])],
    ['a duplicate key', Buffer.from('a267636f6e74656e74a067636f6e74656e74a0', 'hex')],
    ['an expiry that is a float', encode({ content: { ...anonymous, ingress_expiry: 1.7e18 } }, { float64: true })],
    ['a negative expiry', encode({ content: { ...anonymous, ingress_expiry: -1 } })],
    ['an unknown request type', encode({ content: { ...anonymous, request_type: 'delete' } })],
    ['a nonce of 33 bytes', encode({ content: { ...anonymous, nonce: new Uint8Array(33) } })],
    [
      'a call without canister',
      encode({ content: { ...anonymous, canister_id: undefined } }, { ignoreUndefinedProperties: true }),
    ],
    ['a method name of bytes', encode({ content: { ...anonymous, method_name: text('x') } })],
    ['a read_state without paths', encode({ content: { ...anonymous, request_type: 'read_state' } })],
    [
      'a read_state of 1,001 paths',
      encode({ content: { ...anonymous, request_type: 'read_state', paths: Array.from({ length: 1001 }, () => []) } }),
    ],
    [
      'a path of 128 labels',
      encode({
        content: { ...anonymous, request_type: 'read_state', paths: [Array.from({ length: 128 }, () => text('x'))] },
      }),
    ],
    ['nesting without end', new Uint8Array(200_000).fill(0x81)],
    ['a content that cannot be hashed', encode({ content: { ...anonymous, extra: null } })],
  ])('are refused: %s', (_, body) => {
    expect(() => verifyBody(body, 'call')).toThrow(expect.objectContaining({ code: 'malformed', httpStatus: 400 }));
  });

  it('are refused at the wrong endpoint', () => {
    expect(() => verifyBody(envelope(sender, content), 'query')).toThrow(
      expect.objectContaining({ code: 'malformed' }),
    );
  });

  it('need no self-describing tag', () => {
    expect(() => verifyBody(encode({ content: anonymous }), 'call')).not.toThrow();
  });
});
