import { readFileSync } from 'node:fs';
import { ed25519 } from '@noble/curves/ed25519';
import fc from 'fast-check';
import {
  canonicalJson,
  cohortPosition,
  contentId,
  datasetUid,
  documentId,
  ed25519Der,
  hex,
  isExposed,
  merkleRoot,
  openChunk,
  openFile,
  parseCanonical,
  principalBytes,
  principalOfDer,
  principalText,
  sealFile,
  sha256,
  signDocument,
  unhex,
  utf8,
  verifyDocument,
  vetkdInput,
} from './index.js';

type Text =
  | 'input'
  | 'document'
  | 'id'
  | 'publicKey'
  | 'signature'
  | 'principal'
  | 'root'
  | 'uid'
  | 'salt'
  | 'vetkdInput'
  | 'release'
  | 'position'
  | 'plainSha256';
type Vector = Record<Text, string> & {
  leaves: string[];
  stored: unknown[];
  plainBytes: number;
  epoch: number;
  canonical: string | null;
  seed?: string;
};
const vectors = (name: string): Vector[] =>
  JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8'));
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe('canonical encoding', () => {
  it.each(vectors('canonical'))('encodes $input as the vectors say', ({ input, canonical }) => {
    if (canonical === null)
      expect(() => canonicalJson(JSON.parse(input))).toThrow(expect.objectContaining({ code: 'notCanonical' }));
    else expect(text(canonicalJson(JSON.parse(input)))).toBe(canonical);
  });

  it('reads back what it wrote, whatever the value', () => {
    const key = fc.string({ unit: fc.constantFrom('a', 'b', 'Z', '_', '1') });
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 4 },
        fc.string({ unit: 'grapheme' }),
        fc.maxSafeInteger(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('any')),
        fc.dictionary(key, tie('any'), { noNullPrototype: true }),
      ),
    })).any;
    fc.assert(
      fc.property(value, (given) => {
        expect(parseCanonical(canonicalJson(given))).toEqual(given === 0 ? 0 : given);
      }),
      { seed: 42, numRuns: 300, examples: [] },
    );
  });

  it.each(['{"b":1,"a":2}', '{ "a":1}', '{"a":1,"a":1}', '1.0', '[1,2', '\ufeff{}'])(
    'refuses %s, which is another spelling of a document',
    (input) => {
      expect(() => parseCanonical(utf8(input))).toThrow(expect.objectContaining({ code: 'notCanonical' }));
    },
  );
});

describe('documents', () => {
  it.each(vectors('documents'))(
    'has the id and signature of vector $id',
    ({ document, id, publicKey, signature, principal }) => {
      expect(documentId(utf8(document))).toBe(id);
      expect(principalText(principalOfDer(unhex(publicKey)))).toBe(principal);
      expect(() => verifyDocument(utf8(document), unhex(signature), publicKey)).not.toThrow();
    },
  );

  const seed = sha256(utf8('another key'));
  const publicKey = hex(ed25519Der(ed25519.getPublicKey(seed)));
  const document = canonicalJson({ type: 'livepod.example/v1', n: 1 });

  it('refuses a signature under another type, so that one kind of document cannot pass for another', () => {
    const signature = signDocument(document, seed);
    const other = canonicalJson({ type: 'livepod.other/v1', n: 1 });
    expect(() => verifyDocument(other, signature, publicKey)).toThrow(
      expect.objectContaining({ code: 'wrongSignature' }),
    );
  });

  it('refuses any flipped bit of the signature', () => {
    const signature = signDocument(document, seed);
    fc.assert(
      fc.property(fc.nat(511), (bit) => {
        const flipped = signature.slice();
        flipped[bit >> 3]! ^= 1 << (bit & 7);
        expect(() => verifyDocument(document, flipped, publicKey)).toThrow(
          expect.objectContaining({ code: 'wrongSignature' }),
        );
      }),
      { seed: 7, numRuns: 40 },
    );
  });

  it('refuses a document without a type', () => {
    expect(() => documentId(canonicalJson({ n: 1 }))).toThrow(expect.objectContaining({ code: 'invalidDocument' }));
  });
});

describe('hashes that canisters compute too', () => {
  it.each(vectors('merkle'))('gives the Merkle root $root', ({ leaves, root }) => {
    expect(hex(merkleRoot(leaves.map(unhex)))).toBe(root);
  });
  it.each(vectors('uid'))('gives the dataset uid $uid', ({ principal, salt, uid, epoch, vetkdInput: input }) => {
    expect(hex(datasetUid(principalBytes(principal), unhex(salt)))).toBe(uid);
    expect(hex(vetkdInput(unhex(uid), epoch))).toBe(input);
  });
  it.each(vectors('cohort'))('puts $principal at $position of release $release', (vector) => {
    const { release, principal, position, seed } = vector;
    const drawn = seed === undefined ? undefined : unhex(seed);
    expect(cohortPosition(BigInt(release), principalBytes(principal), drawn)).toBe(BigInt(position));
    const threshold = BigInt(position).toString(16).padStart(16, '0');
    expect(isExposed(BigInt(release), principalBytes(principal), threshold, drawn)).toBe(true);
  });
});

describe('chunks', () => {
  const place = { uid: sha256(utf8('uid')), dataKey: sha256(utf8('data key')), fileIndex: 2 };

  it.each(vectors('chunks'))(
    'seals $plainBytes bytes into the vector’s chunks',
    async ({ plainBytes, plainSha256, stored }) => {
      const plain = plainBytes === 13 ? utf8('heart rate 61') : new Uint8Array(plainBytes);
      expect(contentId(plain)).toBe(plainSha256);
      const chunks = await sealFile(plain, place);
      expect(
        chunks.map((chunk) => ({ bytes: chunk.length, sha256: contentId(chunk), head: hex(chunk.subarray(0, 32)) })),
      ).toEqual(stored);
      expect(contentId(await openFile(chunks, place))).toBe(plainSha256);
    },
  );

  const damaged = expect.objectContaining({ code: 'chunkDamaged' });
  const sealed = () =>
    sealFile(
      new Uint8Array(960_000 * 3).map((_, index) => index),
      place,
    ) as Promise<[Uint8Array, Uint8Array, Uint8Array]>;

  it('refuses chunks in another order', async () => {
    const [first, second, third] = await sealed();
    await expect(openFile([second, first, third], place)).rejects.toEqual(damaged);
  });
  it('refuses a file cut short at a chunk boundary', async () => {
    const [first, second] = await sealed();
    await expect(openFile([first, second], place)).rejects.toEqual(damaged);
  });
  it('refuses a truncated chunk', async () => {
    const [first] = await sealed();
    await expect(openChunk(first.subarray(0, -1), { ...place, chunkIndex: 0, eof: false })).rejects.toEqual(damaged);
  });
  it('refuses a chunk of another file and of another dataset', async () => {
    const [first] = await sealed();
    await expect(openChunk(first, { ...place, fileIndex: 3, chunkIndex: 0, eof: false })).rejects.toEqual(damaged);
    await expect(openChunk(first, { ...place, uid: sha256(utf8('other')), chunkIndex: 0, eof: false })).rejects.toEqual(
      damaged,
    );
  });
});
