import fc from 'fast-check';
import { decode } from 'cborg';
import { hashTree, labelled, leaf, readHashTree, type Tree } from './index.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const path = (...labels: string[]): Uint8Array[] => labels.map(text);

describe('reading a hash tree', () => {
  // IC spec: Certification, example
  const ROOT = 'eb5c5b2195e62d996b84c9bcc8259d19a83786a2f59e0878cec84c811f669aa0';
  const FULL =
    '8301830183024161830183018302417882034568656c6c6f810083024179820345776f726c6483024162820344676f6f' +
    '648301830241638100830241648203476d6f726e696e67';
  const PRUNED =
    '83018301830241618301820458201b4feff9bef8131788b0c9dc6dbad6e81e524249c879e9f10f71ce3749f5a6388302' +
    '4179820345776f726c6483024162820458207b32ac0c6ba8ce35ac82c255fc7906f7fc130dab2a090f80fe12f9c2cae8' +
    '3ba6830182045820ec8324b8a1f1ac16bd2e806edba78006479c9877fed4eb464a25485465af601d830241648203476d' +
    '6f726e696e67';
  const example = (cbor: string) => readHashTree(decode(Buffer.from(cbor, 'hex')));

  it("gives the root hash of the specification's example, whole and pruned", () => {
    expect(hex(example(FULL).digest)).toBe(ROOT);
    expect(hex(example(PRUNED).digest)).toBe(ROOT);
  });

  it('tells found, absent and unknown apart', () => {
    const tree = example(PRUNED);
    expect(tree.lookup(path('d'))).toEqual(text('morning'));
    expect(tree.lookup(path('a', 'y'))).toEqual(text('world'));
    expect(tree.lookup(path('a', 'x'))).toBe('unknown');
    expect(tree.lookup(path('b'))).toBe('unknown');
    expect(tree.lookup(path('c'))).toBe('unknown');
    expect(tree.lookup(path('e'))).toBe('absent');
    expect(tree.lookup(path('aa'))).toBe('absent');
    expect(example(FULL).lookup(path('c'))).toBe('absent');
    expect(example(FULL).lookup(path('a', 'zz'))).toBe('absent');
  });

  it.each<[string, unknown, string]>([
    ['labels out of order', [1, [2, text('b'), [0]], [2, text('a'), [0]]], 'strictly increase'],
    ['the same label twice', [1, [2, text('a'), [0]], [2, text('a'), [3, text('x')]]], 'strictly increase'],
    ['a leaf beside a label', [1, [2, text('a'), [0]], [3, text('x')]], 'beside other nodes'],
    ['a pruned hash of 31 bytes', [4, new Uint8Array(31)], 'unknown form'],
    ['a fork with one side', [1, [0]], 'unknown form'],
    ['a label that is text', [2, 'a', [0]], 'unknown form'],
    ['an unknown node', [5, new Uint8Array(32)], 'unknown form'],
    [
      'a tree deeper than 512',
      Array.from({ length: 600 }).reduce<unknown>((below) => [2, text('a'), below], [0]),
      'too deep',
    ],
  ])('refuses %s', (_, cbor, words) => {
    expect(() => readHashTree(cbor)).toThrow(words);
  });
});

describe('hashing a tree', () => {
  const tree = fc.letrec<{ tree: Tree }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 3 },
      fc.uint8Array({ maxLength: 8 }).map(leaf),
      fc
        .array(fc.tuple(fc.uint8Array({ maxLength: 3 }), tie('tree')), { maxLength: 12 })
        .map((entries) => labelled(entries)),
    ),
  })).tree;
  const anyPath = fc.array(fc.uint8Array({ maxLength: 3 }), { maxLength: 3 });

  it('gives witnesses with the same root hash, which prove what is there and what is not', () => {
    fc.assert(
      fc.property(tree, fc.array(anyPath, { minLength: 1, maxLength: 4 }), (content, paths) => {
        const { digest, witness } = hashTree(content);
        const proof = readHashTree(witness(paths));
        const whole = readHashTree(witness([[]]));
        expect(hex(proof.digest)).toBe(hex(digest));
        expect(hex(whole.digest)).toBe(hex(digest));
        for (const wanted of paths) expect(proof.lookup(wanted)).toEqual(whole.lookup(wanted));
      }),
      { numRuns: 300 },
    );
  });

  it('shows everything below a requested prefix and nothing beside it', () => {
    const { witness } = hashTree(
      labelled([
        ['time', leaf(text('now'))],
        [
          'request_status',
          labelled([
            ['a', labelled([['status', leaf(text('replied'))]])],
            ['b', labelled([['status', leaf(text('secret'))]])],
            ['c', leaf(text('c'))],
          ]),
        ],
      ]),
    );
    const proof = readHashTree(witness([path('request_status', 'a')]));
    expect(proof.lookup(path('request_status', 'a', 'status'))).toEqual(text('replied'));
    expect(proof.lookup(path('request_status', 'a', 'reply'))).toBe('absent');
    expect(proof.lookup(path('request_status', 'b', 'status'))).toBe('unknown');
    expect(proof.lookup(path('time'))).toBe('unknown');
  });

  it('proves absence by the neighbours, without their content', () => {
    const { witness } = hashTree(labelled(['b', 'd', 'f'].map((label) => [label, leaf(text('secret'))])));
    for (const missing of ['a', 'c', 'e', 'g']) {
      const proof = readHashTree(witness([path(missing)]));
      expect(proof.lookup(path(missing))).toBe('absent');
      expect(['b', 'd', 'f'].map((label) => proof.lookup(path(label)))).not.toContainEqual(text('secret'));
    }
  });

  it('gives a changed tree of thousands the digest it has when hashed from nothing', () => {
    const status = (index: number): [Uint8Array, Tree] => {
      const id = new Uint8Array(32);
      new DataView(id.buffer).setUint32(0, Math.imul(index, 2654435761) >>> 0);
      return [id, labelled([['status', leaf(text(`replied ${index}`))]])];
    };
    const entries = Array.from({ length: 2000 }, (_, index) => status(index));
    hashTree(labelled(entries));
    const changed: [Uint8Array, Tree][] = [
      ...entries.slice(100),
      status(5000),
      [entries[0]![0], leaf(text('changed'))],
    ];
    const anew = changed.map(([label, content]): [Uint8Array, Tree] => [label, structuredClone(content)]);
    expect(hex(hashTree(labelled(changed)).digest)).toBe(hex(hashTree(labelled(anew)).digest));
  });
});
