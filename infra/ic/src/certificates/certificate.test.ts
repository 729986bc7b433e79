import { createPublicKey, verify } from 'node:crypto';
import { Certificate, LookupPathStatus, lookup_path } from '@dfinity/agent';
import { Principal } from '@dfinity/principal';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { encode } from 'cborg';
import fc from 'fast-check';
import { leb128, representationIndependentHash, selfDescribed } from '../envelopes/index.js';
import { blsPublicKey, blsSign, blsVerify } from './bls.js';
import { multiplyG1 } from './g1-multiply.js';
import {
  createSubnetKeys,
  encodeCertificate,
  hashTree,
  labelled,
  leaf,
  signQueryResponse,
  verifyCertificate,
  type SubnetKeys,
  type Tree,
} from './index.js';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const canisterId = Uint8Array.of(0, 0, 0, 0, 0, 0, 1, 0, 1, 1);
const outside = Uint8Array.of(0, 0, 0, 0, 0, 9, 0, 0, 1, 1);
const root = createSubnetKeys(new Uint8Array(32).fill(1));
const app = createSubnetKeys(new Uint8Array(32).fill(2));
const now = (): Tree => leaf(leb128(BigInt(Date.now()) * 1_000_000n));

function certify(
  keys: SubnetKeys,
  tree: Tree,
  delegation?: { subnet_id: Uint8Array; certificate: Uint8Array },
): Uint8Array {
  const { digest, witness } = hashTree(tree);
  return encodeCertificate(witness([[]]), keys.sign(digest), delegation);
}

const ranges = leaf(
  selfDescribed(encode([[Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 1, 1), Uint8Array.of(0, 0, 0, 0, 0, 1, 0, 0, 1, 1)]])),
);
const flat = labelled([
  ['time', now()],
  [
    'subnet',
    labelled([
      [
        app.subnetId,
        labelled([
          ['public_key', leaf(app.der)],
          ['type', leaf(text('application'))],
          ['canister_ranges', ranges],
        ]),
      ],
    ]),
  ],
]);
const shard: [string, Tree] = [
  'canister_ranges',
  labelled([[app.subnetId, labelled([[Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 1, 1), ranges]])]]),
];
const subnet: [string, Tree] = [
  'subnet',
  labelled([
    [
      app.subnetId,
      labelled([
        ['public_key', leaf(app.der)],
        ['type', leaf(text('application'))],
      ]),
    ],
  ]),
];
const sharded = labelled([['time', now()], shard, subnet]);
const both = labelled([...(flat.kind === 'node' ? flat.children : []), shard]);
const delegation = (tree: Tree) => ({ subnet_id: app.subnetId, certificate: certify(root, tree) });
const state = (): Tree =>
  labelled([
    ['time', now()],
    ['canister', labelled([[canisterId, labelled([['certified_data', leaf(text('data'))]])]])],
  ]);

describe('subnet keys', () => {
  it('are the same again from the same seed, and others from another', () => {
    const again = createSubnetKeys(root.export());
    expect(again.der).toEqual(root.der);
    expect(again.nodeDer).toEqual(root.nodeDer);
    expect(app.der).not.toEqual(root.der);
    expect(root.der.length).toBe(133);
    expect(root.nodeDer.length).toBe(44);
    expect(root.subnetId.length).toBe(29);
    expect(root.nodeId.length).toBe(29);
  });

  it('cannot be made from a seed of another length', () => {
    expect(() => createSubnetKeys(new Uint8Array(16))).toThrow('32 bytes');
  });

  it('sign as noble does', () => {
    const { shortSignatures: bls, G2 } = bls12_381;
    const secret = 0x1234_5678_9abc_def0_1234_5678_9abc_def0n;
    const expected = bls.sign(
      bls.hash(text('message'), 'BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_'),
      G2.Point.Fn.toBytes(secret),
    );
    expect(blsSign(secret, text('message'))).toEqual(expected.toBytes());
    fc.assert(
      fc.property(fc.bigInt(1n, G2.Point.Fn.ORDER - 1n), fc.uint8Array({ maxLength: 200 }), (key, message) => {
        const theirs = bls
          .sign(bls.hash(message, 'BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_'), G2.Point.Fn.toBytes(key))
          .toBytes();
        expect(blsSign(key, message)).toEqual(theirs);
        expect(blsPublicKey(key)).toEqual(bls.getPublicKey(G2.Point.Fn.toBytes(key)).toBytes());
      }),
      { numRuns: 5 },
    );
  });

  it('multiply in G1 as noble does', () => {
    const { G1, fields } = bls12_381;
    const point = G1.Point.BASE.multiply(7n);
    for (const scalar of [1n, 15n, 16n, fields.Fr.ORDER - 1n])
      expect(multiplyG1(point, scalar).equals(point.multiply(scalar))).toBe(true);
    fc.assert(
      fc.property(fc.bigInt(1n, fields.Fr.ORDER - 1n), (scalar) =>
        multiplyG1(point, scalar).equals(point.multiplyUnsafe(scalar)),
      ),
      { numRuns: 30 },
    );
  });

  it('do not verify for a changed message, key or signature', () => {
    const key = root.der.slice(-96);
    const signature = root.sign(new Uint8Array(32));
    const message = Buffer.concat([Uint8Array.of(13), text('ic-state-root'), new Uint8Array(32)]);
    expect(blsVerify(key, message, signature)).toBe(true);
    expect(blsVerify(key, text('other'), signature)).toBe(false);
    expect(blsVerify(app.der.slice(-96), message, signature)).toBe(false);
    expect(blsVerify(key, message, new Uint8Array(48))).toBe(false);
    expect(blsVerify(key, message, Uint8Array.of(0xc0, ...new Uint8Array(47)))).toBe(false); // the identity
    expect(
      blsVerify(Uint8Array.of(0xc0, ...new Uint8Array(95)), message, Uint8Array.of(0xc0, ...new Uint8Array(47))),
    ).toBe(false);
  });

  it('do not verify for points outside the groups, other lengths, and encodings that are not the only one', () => {
    const {
      G1,
      G2,
      fields: { Fp, Fp2 },
    } = bls12_381;
    const key = root.der.slice(-96);
    const message = Buffer.concat([Uint8Array.of(13), text('ic-state-root'), new Uint8Array(32)]);
    const signature = root.sign(new Uint8Array(32));
    const big = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
    const compressed = (x: bigint[], sign: boolean): Uint8Array => {
      const bytes = Buffer.from(x.map((part) => part.toString(16).padStart(96, '0')).join(''), 'hex');
      bytes[0]! |= sign ? 0xa0 : 0x80;
      return new Uint8Array(bytes);
    };
    const order3 = G1.Point.fromAffine({ x: 0n, y: Fp.sqrt(4n) }); // on the curve, of order 3
    const moved = G1.Point.fromBytes(signature).add(order3);
    for (const sign of [true, false]) {
      expect(blsVerify(key, message, compressed([order3.x], sign))).toBe(false);
      expect(blsVerify(key, message, compressed([moved.x], sign))).toBe(false);
    }
    let x = Fp2.fromBigTuple([1n, 0n]);
    const rhs = (at: typeof x): typeof x => Fp2.add(Fp2.mul(Fp2.sqr(at), at), Fp2.fromBigTuple([4n, 4n]));
    while (!Fp2.eql(Fp2.pow(rhs(x), (Fp2.ORDER - 1n) / 2n), Fp2.ONE)) x = Fp2.add(x, Fp2.ONE);
    expect(G2.Point.fromAffine({ x, y: Fp2.sqrt(rhs(x)) }).isTorsionFree()).toBe(false);
    for (const sign of [true, false]) expect(blsVerify(compressed([x.c1, x.c0], sign), message, signature)).toBe(false);
    const beyond = Buffer.from(((big(signature) % 2n ** 381n) + Fp.ORDER).toString(16).padStart(96, '0'), 'hex');
    beyond[0]! |= signature[0]! & 0xe0;
    expect(blsVerify(key, message, new Uint8Array(beyond))).toBe(false); // x not reduced
    const uncompressed = Uint8Array.from(signature);
    uncompressed[0]! &= 0x7f;
    expect(blsVerify(key, message, uncompressed)).toBe(false);
    for (const length of [0, 47, 49, 96])
      expect(
        blsVerify(
          key,
          message,
          Uint8Array.from({ length }, (_, at) => signature[at] ?? 0),
        ),
      ).toBe(false);
    for (const length of [0, 95, 97])
      expect(
        blsVerify(
          Uint8Array.from({ length }, (_, at) => key[at] ?? 0),
          message,
          signature,
        ),
      ).toBe(false);
  });
});

describe('a certificate', () => {
  it.each([
    ['of the root subnet', undefined],
    ['with flat ranges', delegation(flat)],
    ['with flat and sharded ranges', delegation(both)],
  ])('%s satisfies the unmodified agent', async (_, chain) => {
    const bytes = certify(chain ? app : root, state(), chain);
    const certificate = await Certificate.create({
      certificate: bytes,
      rootKey: root.der,
      canisterId: Principal.fromUint8Array(canisterId),
    });
    const found = certificate.lookup_path(['canister', canisterId, 'certified_data']);
    expect(found.status === LookupPathStatus.Found && found.value).toEqual(text('data'));
  });

  it.each([
    ['flat', flat],
    ['sharded', sharded],
  ])('with %s ranges speaks for the canisters in them', (_, tree) => {
    const certificate = verifyCertificate(certify(app, state(), delegation(tree)), root.der);
    expect(certificate.tree.lookup(['canister', canisterId, 'certified_data'])).toEqual(text('data'));
    expect(certificate.subnetType).toBe('application');
    expect(certificate.covers(canisterId)).toBe(true);
    expect(certificate.covers(outside)).toBe(false);
  });

  it('lets the agent see that a pruned witness proves absence', () => {
    const { witness } = hashTree(labelled(['a', 'c', 'e'].map((label) => [label, leaf(text('x'))])));
    const status = (label: string, tree: unknown) =>
      lookup_path([label], tree as Parameters<typeof lookup_path>[1]).status;
    expect(status('b', witness([[text('b')]]))).toBe(LookupPathStatus.Absent);
    expect(status('e', witness([[text('b')]]))).toBe(LookupPathStatus.Unknown);
  });

  it.each<[string, string, () => Uint8Array]>([
    ['signed by another key', 'signature does not verify', () => certify(app, state())],
    [
      'over another tree',
      'signature does not verify',
      () => encodeCertificate([3, text('other')], root.sign(hashTree(state()).digest)),
    ],
    [
      'whose delegation is for another subnet',
      "does not show the subnet's key",
      () => certify(app, state(), { ...delegation(flat), subnet_id: root.subnetId }),
    ],
    [
      'whose delegation is signed by the subnet itself',
      'signature does not verify',
      () => certify(app, state(), { subnet_id: app.subnetId, certificate: certify(app, flat) }),
    ],
    [
      'whose delegation is delegated',
      'must not be delegated',
      () => certify(app, state(), { subnet_id: app.subnetId, certificate: certify(root, flat, delegation(flat)) }),
    ],
    ['without a signature', 'needs a signature', () => encode({ tree: [0] })],
    ['that is no CBOR', 'CBOR', () => text('nonsense')],
  ])('%s is refused', (_, words, make) => {
    expect(() => verifyCertificate(make(), root.der)).toThrow(words);
  });
});

describe('a query signature', () => {
  const requestId = new Uint8Array(32).fill(3);
  const nodeKey = createPublicKey({ key: Buffer.from(root.nodeDer), format: 'der', type: 'spki' });
  const holds = (signed: object, signature: Uint8Array): boolean =>
    verify(
      null,
      Buffer.concat([Uint8Array.of(11), text('ic-response'), representationIndependentHash(signed)]),
      nodeKey,
      signature,
    );

  it('covers a reply, its time and its request', () => {
    const { signature, identity, timestamp } = signQueryResponse(
      root,
      { status: 'replied', reply: { arg: text('arg') } },
      requestId,
      17n,
    );
    const signed = { status: 'replied', reply: { arg: text('arg') }, timestamp: 17n, request_id: requestId };
    expect(timestamp).toBe(17n);
    expect(identity).toEqual(root.nodeId);
    expect(holds(signed, signature)).toBe(true);
    expect(holds({ ...signed, reply: { arg: text('other') } }, signature)).toBe(false);
  });

  it('covers a reject and its codes', () => {
    const rejected = { status: 'rejected', reject_code: 5, reject_message: 'trap', error_code: 'IC0503' } as const;
    const { signature } = signQueryResponse(root, rejected, requestId, 17n);
    expect(holds({ ...rejected, timestamp: 17n, request_id: requestId }, signature)).toBe(true);
    expect(holds({ ...rejected, error_code: 'IC0502', timestamp: 17n, request_id: requestId }, signature)).toBe(false);
  });
});
