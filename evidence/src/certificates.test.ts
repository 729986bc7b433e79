import { encode } from 'cborg';
import { hex, principalBytes, utf8 } from '@livepod/protocol';
import { delegation, root, rootKey, subnet, tipAt } from '../test/network.js';
import { refusal } from '../test/world.js';
import { Certificates, readControllers, readWitness, timeIn } from './certificates.js';

const CANISTER = 'i3flu-baaaa-aaaai-aaaaa-cai';
const NEXT = 'ivhg4-2qaaa-aaaai-aaaba-cai';
const HASH = 'ab'.repeat(32);
const AT = 1_795_397_063_878_000_000n;
const cbor = (value: unknown): string => hex(encode(value));
const leaf = (bytes: number[]): unknown => [3, Uint8Array.from(bytes)];
const time = (bytes: number[]): unknown => [2, utf8('time'), leaf(bytes)];
/** A certificate that nobody signed: its form is read before its signature. */
const unsigned = (change: object = {}): string => cbor({ tree: time([1]), signature: new Uint8Array(48), ...change });
const verify = (certificate: string, canister = CANISTER, key = rootKey) =>
  new Certificates(key).verify('x.certificate', certificate, canister);
const WRONG = 'wrongCertificate: x.certificate: ';

describe('a certificate', () => {
  it('says when it was made, and what the state is of the canister that it is asked about', async () => {
    const { certificate } = tipAt(HASH, CANISTER, AT);
    const certified = await verify(certificate);
    expect([certified.at, certified.state('certified_data')?.length, certified.state('module_hash')]).toEqual([
      AT,
      32,
      undefined,
    ]);
    expect((await verify(certificate, NEXT)).state('certified_data')).toBeUndefined();
  });

  it('is refused under another key, and changed in one bit', async () => {
    const { certificate } = tipAt(HASH, CANISTER, AT);
    expect(await refusal(() => verify(certificate, CANISTER, hex(subnet.der)))).toMatch(WRONG);
    const changed = certificate.replace(hex(Uint8Array.of(0x82, 0x03)), hex(Uint8Array.of(0x82, 0x04)));
    expect(await refusal(() => verify(changed))).toMatch(WRONG);
  });

  it('is refused for a canister that is none, whose place is named', async () => {
    const { certificate } = tipAt(HASH, CANISTER, AT);
    const nobody = () => new Certificates(rootKey).verify('canisters.fleet.tip.certificate', certificate, 'nobody');
    expect(await refusal(nobody)).toMatch(/^wrongCertificate: canisters.fleet.id: /);
  });

  it('of a subnet covers its first and its last canister, and none beside them', async () => {
    for (const shape of ['flat', 'sharded'] as const) {
      const by = (first: string, last: string) =>
        verify(
          tipAt(HASH, CANISTER, AT, { keys: subnet, delegation: delegation(first, last, root, shape) }).certificate,
        );
      expect((await by(CANISTER, CANISTER)).at).toBe(AT);
      expect(await refusal(() => by(NEXT, NEXT))).toMatch(/not one of the subnet/);
      expect(await refusal(() => by('aaaaa-aa', 'aaaaa-aa'))).toMatch(/not one of the subnet/);
    }
  });

  it('of a subnet is refused where somebody else speaks for it, or signs for it', async () => {
    const chain = delegation(CANISTER, NEXT);
    const by = (signing: Parameters<typeof tipAt>[3]) => verify(tipAt(HASH, CANISTER, AT, signing).certificate);
    expect(await refusal(() => by({ keys: root, delegation: chain }))).toMatch(WRONG);
    expect(await refusal(() => by({ keys: subnet, delegation: delegation(CANISTER, NEXT, subnet) }))).toMatch(WRONG);
    const stranger = { ...chain, subnet_id: new Uint8Array(29) };
    expect(await refusal(() => by({ keys: subnet, delegation: stranger }))).toMatch(/does not show the subnet's key/);
  });

  const chain = {
    subnet_id: new Uint8Array(29),
    certificate: encode({ tree: time([1]), signature: new Uint8Array(48) }),
  };
  it.each<[string, string, RegExp]>([
    ['no CBOR', 'ff', /cannot be read/],
    ['no hex', 'zz', /cannot be read/],
    ['a list', cbor([]), /is a CBOR map/],
    ['with a field too many', unsigned({ note: 1 }), /has no field note/],
    ['without a signature', cbor({ tree: time([1]) }), /needs a signature/],
    ['with a signature that is no bytes', unsigned({ signature: 'x' }), /needs a signature/],
    ['without a tree', cbor({ signature: new Uint8Array(48) }), /nested lists/],
    ['with a tree of another kind', unsigned({ tree: [5] }), /kinds 0 to 4/],
    ['with a tree that is no list', unsigned({ tree: 0 }), /nested lists/],
    ['with a delegation that is no map', unsigned({ delegation: 1 }), /subnet_id and certificate/],
    [
      'with a delegation of one part',
      unsigned({ delegation: { subnet_id: chain.subnet_id } }),
      /subnet_id and certificate/,
    ],
    ['with a delegation of three parts', unsigned({ delegation: { ...chain, more: 1 } }), /subnet_id and certificate/],
    ['with a subnet that is no bytes', unsigned({ delegation: { ...chain, subnet_id: 'x' } }), /subnet id is bytes/],
    [
      'with a delegation that is delegated',
      unsigned({
        delegation: {
          ...chain,
          certificate: encode({ tree: time([1]), signature: new Uint8Array(48), delegation: chain }),
        },
      }),
      /not delegated itself/,
    ],
    [
      'with a delegation whose tree is none',
      unsigned({
        delegation: { ...chain, certificate: encode({ tree: [9], signature: new Uint8Array(48) }) },
      }),
      /kinds 0 to 4/,
    ],
  ])('that is %s is refused before its signature is looked at', async (_, certificate, why) => {
    const said = await refusal(() => verify(certificate));
    expect(said).toMatch(WRONG);
    expect(said).toMatch(why);
    expect(await refusal(() => timeIn('x.certificate', certificate))).toMatch(why);
  });

  it('that nobody signed is read for its time alone', async () => {
    expect(timeIn('x.certificate', unsigned({ delegation: chain }))).toBe(1n);
    expect(await refusal(() => verify(unsigned()))).toMatch(/not signed under the root key/);
  });
});

describe('the time in a certificate', () => {
  const at = (tree: unknown): bigint => timeIn('x.certificate', unsigned({ tree }));

  it.each<[number[], string]>([
    [[0], '0'],
    [[0x7f], '127'],
    [[0x80, 0x01], '128'],
    [[0x80, 0x80, 0x01], '16384'],
    [[...new Array<number>(9).fill(0xff), 0x01], String(2n ** 64n - 1n)],
  ])('%j is %s', (bytes, value) => expect(String(at(time(bytes)))).toBe(value));

  it.each([
    ['is not there', [0], 'does not say when it was made'],
    ['is another label', [2, utf8('tide'), leaf([1])], 'does not say when it was made'],
    ['is empty', time([]), 'its time is not a number'],
    ['goes on', time([0x80]), 'its time is not a number'],
    ['has eleven bytes', time([...new Array<number>(10).fill(0x80), 1]), 'its time is not a number'],
  ])('that %s is refused', async (_, tree, why) =>
    expect(await refusal(() => at(tree))).toBe(`${WRONG}${why.startsWith('its') ? why : `the certificate ${why}`}`),
  );
});

describe('a witness', () => {
  const read = (tree: unknown, label = 'audit_tip') => readWitness('x', cbor(tree), label);
  const bytes = (length: number): Uint8Array => new Uint8Array(length);
  const label = (name: string, inner: unknown): unknown => [2, utf8(name), inner];

  it('shows the value at a label, and the root that is certified', async () => {
    const { witness } = tipAt(HASH, CANISTER, AT);
    const shown = await readWitness('x', witness, 'audit_tip');
    expect(shown).toEqual({ value: HASH, root: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(await readWitness('x', witness, 'other')).toMatchObject({ value: undefined, root: shown.root });
    expect((await read(label('audit_tip', leaf([1])))).value).toBe('01');
    const both = [1, label('audit_tip', leaf([1])), [4, bytes(32)]];
    expect((await read(both)).value).toBe('01');
    expect((await read(both)).root).not.toBe((await read(label('audit_tip', leaf([1])))).root);
    expect((await read([0])).value).toBeUndefined();
  });

  const nested = (depth: number): unknown => (depth === 0 ? leaf([1]) : [2, bytes(0), nested(depth - 1)]);
  it('is nested as deeply as CBOR may be', async () => {
    await expect(read(nested(190))).resolves.toBeDefined();
    expect(await refusal(() => read(nested(300)))).toMatch(/nested/);
  });

  it.each<[string, unknown]>([
    ['an empty node of two parts', [0, 0]],
    ['a fork of two parts', [1, [0]]],
    ['a fork of four parts', [1, [0], [0], [0]]],
    ['a fork of no trees', [1, 0, [0]]],
    ['a fork with a wrong second tree', [1, [0], [7]]],
    ['a label of two parts', [2, bytes(1)]],
    ['a label of four parts', [2, bytes(1), [0], [0]]],
    ['a label that is text', [2, 'x', [0]]],
    ['a label of no tree', [2, bytes(1), 0]],
    ['a leaf of one part', [3]],
    ['a leaf of three parts', [3, bytes(1), bytes(1)]],
    ['a leaf that is text', [3, 'x']],
    ['a pruned node of 31 bytes', [4, bytes(31)]],
    ['a pruned node of 33 bytes', [4, bytes(33)]],
    ['a pruned node of text', [4, 'x'.repeat(32)]],
    ['a pruned node of three parts', [4, bytes(32), 0]],
    ['a node of kind 5', [5]],
    ['a node of no kind', []],
  ])('with %s is refused', async (_, tree) =>
    expect(await refusal(() => read(tree))).toMatch(
      /^wrongCertificate: x: it cannot be read: a (hash tree|pruned node)/,
    ),
  );
});

describe('controllers', () => {
  it('are a list of principals, in order', async () => {
    const ids = [NEXT, CANISTER].map(principalBytes);
    expect(readControllers('x', encode(ids))).toEqual([CANISTER, NEXT]);
    expect(readControllers('x', encode([]))).toEqual([]);
    expect(await refusal(() => readControllers('x', encode({})))).toMatch(
      /^wrongCertificate: x: .*controllers are a list/,
    );
  });
});
