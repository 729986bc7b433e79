import { createHash } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519';
import {
  canonicalJson,
  chunkCount,
  contentId,
  digest,
  documentId,
  ed25519Der,
  hashOfId,
  hex,
  isExposed,
  lengthPrefixed,
  openChunk,
  openFile,
  parseCanonical,
  principalBytes,
  principalText,
  publicKeyOf,
  sealChunk,
  sealFile,
  sha256,
  signDocument,
  signingBytes,
  tokens,
  u32be,
  u64be,
  unhex,
  utf8,
  verifyDocument,
} from './index.js';
import { digestBy, nodeCryptoOf } from './hashes.js';
import { isPrincipal } from './principals.js';

const refused = (code: string, more = {}) => expect.objectContaining({ code, ...more });

describe('hexadecimal', () => {
  it('is two lower-case digits a byte, and nothing else', () => {
    expect(hex(Uint8Array.of(0, 1, 16, 255))).toBe('000110ff');
    expect([...unhex('000110ff')]).toEqual([0, 1, 16, 255]);
    expect([...unhex('')]).toEqual([]);
    for (const text of ['0', '000', 'FF', 'fg', '0x', ' 00', '00 ', 'zz00', '00zz', '00\n', '-1'])
      expect(() => unhex(text)).toThrow(refused('invalidHex'));
  });

  it('is quoted in part where it is wrong: a stranger’s text may be long', () => {
    expect(() => unhex('x'.repeat(1000))).toThrow(
      refused('invalidHex', {
        details: { text: 'x'.repeat(80) },
        message: `"${'x'.repeat(20)}" is not lower-case hexadecimal; write two digits a byte.`,
      }),
    );
  });
});

describe('numbers in bytes', () => {
  it('are big-endian, to the last that fits', () => {
    expect([...u32be(0)]).toEqual([0, 0, 0, 0]);
    expect([...u32be(0x01020304)]).toEqual([1, 2, 3, 4]);
    expect([...u64be(0n)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    expect([...u64be(0x0102030405060708n)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(hex(u64be(2n ** 64n - 1n))).toBe('f'.repeat(16));
    expect([...lengthPrefixed(utf8('ab'))]).toEqual([2, 97, 98]);
    expect([...lengthPrefixed(new Uint8Array())]).toEqual([0]);
  });
});

describe('ids', () => {
  it('are sha256: and 64 digits, and nothing around them', () => {
    const id = contentId(utf8('a'));
    expect(hex(hashOfId(id))).toBe(createHash('sha256').update('a').digest('hex'));
    const digits = id.slice(7);
    for (const wrong of [
      digits,
      `sha256:${digits}0`,
      `sha256:${digits.slice(1)}`,
      `x${id}`,
      id.toUpperCase(),
      `${id}\n`,
    ])
      expect(() => hashOfId(wrong)).toThrow(refused('invalidHex'));
  });

  it('are the same by the platform’s hash as by ours', async () => {
    for (const bytes of [new Uint8Array(), utf8('a'), new Uint8Array(200).fill(7).subarray(3, 150)]) {
      expect(hex(await digest(bytes))).toBe(hex(sha256(bytes)));
      expect(hex(await digestBy(undefined, bytes))).toBe(hex(sha256(bytes)));
    }
    // A browser has no process, an older Node does not hand out its modules.
    expect(nodeCryptoOf(globalThis)).toBeDefined();
    for (const host of [{}, { process: {} as never }]) expect(nodeCryptoOf(host)).toBeUndefined();
  });
});

describe('principals', () => {
  it('are written in one way', () => {
    for (const text of ['aaaaa-aa', '2vxsx-fae']) expect(isPrincipal(text)).toBe(true);
    for (const text of ['', 'aaaaa', 'AAAAA-AA', 'aaaaaaa', 'aaaaa-ab', '2vxsx-fa', 'x'.repeat(64)])
      expect(isPrincipal(text)).toBe(false);
    // As long as the IC's longest, and one byte longer.
    expect([29, 30].map((bytes) => isPrincipal(principalText(new Uint8Array(bytes).fill(1))))).toEqual([true, false]);
    expect([...principalBytes('2vxsx-fae')]).toEqual([4]);
    expect(() => principalBytes('x'.repeat(200))).toThrow(
      refused('invalidPrincipal', { details: { text: 'x'.repeat(80) }, message: expect.not.stringMatching(/x{81}/) }),
    );
  });
});

describe('keys and signatures', () => {
  const seed = sha256(utf8('seed'));
  const der = ed25519Der(ed25519.getPublicKey(seed));
  const document = canonicalJson({ type: 'livepod.example/v1' });
  const signature = signDocument(document, seed);

  it('are of Ed25519, 44 bytes with what says so', () => {
    expect(hex(publicKeyOf(hex(der)))).toBe(hex(ed25519.getPublicKey(seed)));
    expect(() => publicKeyOf(hex(der.subarray(0, 43)))).toThrow(refused('wrongSignature'));
    expect(() => publicKeyOf(`${hex(der)}00`)).toThrow(refused('wrongSignature'));
    const ofX25519 = hex(der).replace('302a300506032b6570', '302a300506032b656e');
    expect(() => publicKeyOf(ofX25519)).toThrow(refused('wrongSignature'));
    expect(() => publicKeyOf('XY')).toThrow(refused('invalidHex'));
  });

  it('are not taken in part, of another key, or for no key', () => {
    expect(() => verifyDocument(document, signature, hex(der))).not.toThrow();
    const other = hex(ed25519Der(ed25519.getPublicKey(sha256(utf8('other')))));
    const wrong = refused('wrongSignature', { details: { publicKey: expect.any(String) } });
    expect(() => verifyDocument(document, signature, other)).toThrow(wrong);
    for (const cut of [0, 63])
      expect(() => verifyDocument(document, signature.subarray(0, cut), hex(der))).toThrow(wrong);
    expect(() => verifyDocument(document, new Uint8Array(64), hex(der))).toThrow(wrong);
    expect(() => verifyDocument(document, signature, `${hex(der)}00`)).toThrow(wrong);
    expect(() => verifyDocument(document, signature, 'XY')).toThrow(refused('invalidHex'));
    expect(() => verifyDocument(utf8('{'), signature, hex(der))).toThrow(refused('notCanonical'));
  });

  // RFC 8032 §5.1.7, taken strictly: libraries that are lenient take this for any document at all.
  it('are not those of a key of small order, which signs every document', () => {
    const neutral = new Uint8Array(32);
    neutral[0] = 1;
    const forged = new Uint8Array(64);
    forged[0] = 1;
    expect(() => verifyDocument(document, forged, hex(ed25519Der(neutral)))).toThrow(refused('wrongSignature'));
  });
});

describe('a document', () => {
  it('is signed with its type before it, so that it has one', () => {
    const bytes = canonicalJson({ type: 'livepod.a/v10' });
    expect(new TextDecoder().decode(signingBytes(bytes))).toBe('\rlivepod.a/v10{"type":"livepod.a/v10"}');
    const types = [
      ...['livepod.a', 'livepod./v1', 'livepod.A/v1', 'livepod.a/v', 'livepod.a/vx', 'livepod.a/v1x', 'livepod.a1/v1'],
      ...['xlivepod.a/v1', 'livepodxa/v1', 'livepod.a/v1\n', '', 7, null, ['livepod.a/v1'], true],
    ];
    for (const type of types)
      expect(() => documentId(canonicalJson({ type }))).toThrow(refused('invalidDocument', { details: { type } }));
    for (const other of [null, 'livepod.a/v1', ['livepod.a/v1'], 7, true])
      expect(() => documentId(canonicalJson(other))).toThrow(refused('invalidDocument'));
  });

  it('holds what JSON can hold, and says where it does not', () => {
    const wrong = (value: unknown, place: string) =>
      expect(() => canonicalJson(value)).toThrow(refused('notCanonical', { details: { place } }));
    wrong({ a: [1, undefined] }, '$.a[1]');
    wrong({ a: { b: 1n } }, '$.a.b');
    wrong(() => 1, '$');
    for (const number of [1.5, Number.NaN, Infinity, -0, 2 ** 53]) wrong([number], '$[0]');
    for (const half of ['\ud800', '\udc00', 'a\ud800a', '\udc00\ud800', '\ud800\ud800\udc00', '\ud800\udc00\udc00'])
      wrong({ a: half }, '$.a');
    expect(new TextDecoder().decode(canonicalJson('\ud83d\ude00'))).toBe('"\ud83d\ude00"');
    for (const key of ['é', 'a\n', '\u007f', '\u001f', 'a\u2028'])
      expect(() => canonicalJson({ [key]: 1 })).toThrow(refused('notCanonical', { details: { place: '$', key } }));
    expect(new TextDecoder().decode(canonicalJson({ '~': 1, ' ': 2, '': 3 }))).toBe('{"":3," ":2,"~":1}');
  });

  it('has its keys in the order of their letters, however it was made', () => {
    const keys = ['b', 'a', 'ab', 'B', '_', '10', '9', '1', 'aa', ''];
    const made = Object.fromEntries(keys.map((key) => [key, 1]));
    const written = new TextDecoder().decode(canonicalJson(made));
    expect(Object.keys(JSON.parse(written.replaceAll('":', '-":')) as object).map((key) => key.slice(0, -1))).toEqual(
      keys.toSorted(),
    );
  });

  it('lies 32 deep and not 33', () => {
    const deep = (levels: number): Uint8Array => utf8(`${'['.repeat(levels)}${']'.repeat(levels)}`);
    expect(() => parseCanonical(deep(33))).not.toThrow();
    expect(() => parseCanonical(deep(34))).toThrow(refused('notCanonical', { details: { depth: 32 } }));
    const inObjects = (levels: number): string => '{"a":'.repeat(levels) + '1' + '}'.repeat(levels);
    expect(() => parseCanonical(utf8(inObjects(32)))).not.toThrow();
    expect(() => parseCanonical(utf8(inObjects(33)))).toThrow(refused('notCanonical'));
  });

  it('is UTF-8 and JSON', () => {
    for (const bytes of [Uint8Array.of(0x22, 0xff, 0x22), Uint8Array.of(0x22, 0xc0, 0x80, 0x22), new Uint8Array()])
      expect(() => parseCanonical(bytes)).toThrow(
        refused('notCanonical', { message: expect.stringContaining('not UTF-8 JSON'), cause: expect.anything() }),
      );
    expect(() => parseCanonical(utf8('{ }'))).toThrow(
      refused('notCanonical', { message: expect.stringContaining('canonical form') }),
    );
  });
});

describe('a chunk', () => {
  const place = { uid: sha256(utf8('uid')), dataKey: sha256(utf8('key')), fileIndex: 0 };
  it('is at most 960,000 bytes, and a file has as many as it needs', async () => {
    expect([0, 1, 960_000, 960_001, 1_920_000, 1_920_001].map(chunkCount)).toEqual([1, 1, 1, 2, 2, 3]);
    const seal = (bytes: number) => sealChunk(new Uint8Array(bytes), { ...place, chunkIndex: 0, eof: true });
    expect((await seal(960_000)).length).toBe(960_016);
    await expect(seal(960_001)).rejects.toEqual(refused('chunkTooLarge', { details: { bytes: 960_001 } }));
  });

  it('is the last of its file or is not: neither passes for the other', async () => {
    const [stored] = (await sealFile(utf8('plain'), place)) as [Uint8Array];
    expect(await openFile([stored], place)).toEqual(utf8('plain'));
    await expect(openChunk(stored, { ...place, chunkIndex: 0, eof: false })).rejects.toEqual(
      refused('chunkDamaged', { details: { file: 0, chunk: 0, eof: false }, cause: expect.anything() }),
    );
    await expect(openFile([stored, stored], place)).rejects.toEqual(refused('chunkDamaged'));
  });
});

describe('a pod at a threshold', () => {
  it('is in the wave up to its own place, and not below it', () => {
    const pod = principalBytes('2vxsx-fae');
    expect(isExposed(7n, pod, 'f'.repeat(16))).toBe(true);
    expect(isExposed(7n, pod, '0'.repeat(16))).toBe(false);
  });
});

describe('tokens', () => {
  it.each([
    ['0', '0'],
    ['1', '0.00000001'],
    ['100000000', '1'],
    ['1250000000', '12.5'],
    ['1010', '0.0000101'],
    ['100000001', '1.00000001'],
    ['10000000000', '100'],
  ])('of %s e8s are %s', (e8s, shown) => {
    expect(tokens(e8s)).toBe(shown);
    expect(tokens(BigInt(e8s))).toBe(shown);
  });
});
