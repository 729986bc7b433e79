import { hash } from 'node:crypto';

/**
 * The host's view of a hash tree (IC spec: Certification): labels map to subtrees, leaves hold bytes. Labels are latin1
 * text, one character per byte. A tree is immutable once hashed: change it by making new nodes, and keep the unchanged
 * subtrees, whose digests are then reused.
 */
export type Tree =
  { kind: 'empty' } | { kind: 'leaf'; value: Uint8Array } | { kind: 'node'; children: Map<string, Tree> };

/** CBOR-ready node: `[0]` empty, `[1,l,r]` fork, `[2,label,t]` labelled, `[3,v]` leaf, `[4,h]` pruned. */
export type CborTree = [0] | [1, CborTree, CborTree] | [2, Uint8Array, CborTree] | [3, Uint8Array] | [4, Uint8Array];

export interface HashTree {
  /** The root hash, 32 bytes. */
  readonly digest: Uint8Array;
  /**
   * The tree with all pruned but the given paths; everything under a path is shown, and a path that is absent is proved
   * absent by its neighbours.
   *
   * @param paths  label sequences from the root; `[[]]` shows the whole tree, `[]` only its root hash
   */
  witness(paths: Uint8Array[][]): CborTree;
}

export function leaf(value: Uint8Array): Tree {
  return { kind: 'leaf', value };
}

/** A node with the given labels (text is UTF-8 encoded); a later entry replaces an earlier one of the same label. */
export function labelled(entries: Iterable<[Uint8Array | string, Tree]>): Tree {
  const children = new Map<string, Tree>();
  for (const [label, subtree] of entries) children.set(latin1(label), subtree);
  return { kind: 'node', children };
}

/** A label as the keys of `Tree.children` have it: one character per byte. */
export function latin1(label: Uint8Array | string): string {
  const bytes =
    typeof label === 'string'
      ? Buffer.from(label, 'utf8')
      : Buffer.from(label.buffer, label.byteOffset, label.byteLength);
  return bytes.toString('latin1');
}

/** The bytes of a label in `Tree.children`. */
export function bytesOf(label: string): Uint8Array {
  return new Uint8Array(Buffer.from(label, 'latin1'));
}

/** Hashes a tree. Subtrees hashed before (the same objects) cost nothing again. */
export function hashTree(tree: Tree): HashTree {
  const root = hashed(tree);
  return {
    digest: root.digest,
    witness: (paths) =>
      witness(
        root,
        paths.map((path) => path.map(latin1)),
      ),
  };
}

/** One labelled child, and what binds children together. */
interface Twig {
  label: string;
  content: Hashed;
  digest: Uint8Array;
}
interface Fork {
  left: Bough;
  right: Bough;
  /** first label of the right side */ pivot: string;
  digest: Uint8Array;
}
type Bough = Twig | Fork;
interface Hashed {
  tree: Tree;
  digest: Uint8Array;
  /** sorted by label */ twigs: Twig[];
  top?: Bough;
}

const seen = new WeakMap<Tree, Hashed>();
const twigOf = new WeakMap<Tree, Twig>();
const bundleOf = new WeakMap<Twig, { twigs: Twig[]; bough: Bough }>();
/**
 * Runs of at most this many children are remembered as a whole, so that a change among thousands rehashes only its own
 * run.
 */
const BUNDLE = 32;

function hashed(tree: Tree): Hashed {
  const known = seen.get(tree);
  if (known) return known;
  const result = hashAnew(tree);
  seen.set(tree, result);
  return result;
}

function hashAnew(tree: Tree): Hashed {
  if (tree.kind === 'leaf') return { tree, twigs: [], digest: leafDigest(tree.value) };
  if (tree.kind === 'empty' || tree.children.size === 0) return { tree, twigs: [], digest: EMPTY_DIGEST };
  const twigs = [...tree.children].sort(byLabel).map(([label, child]) => twig(label, child));
  const top = bind(twigs, 0, twigs.length, 0);
  return { tree, twigs, top, digest: top.digest };
}

function byLabel(a: [string, Tree], b: [string, Tree]): number {
  return a[0] < b[0] ? -1 : 1;
}

function twig(label: string, child: Tree): Twig {
  const known = twigOf.get(child);
  if (known?.label === label) return known;
  const content = hashed(child);
  const made = { label, content, digest: labelledDigest(bytesOf(label), content.digest) };
  twigOf.set(child, made);
  return made;
}

/**
 * Binds sorted twigs into a binary tree that splits where labels first differ in a bit. The shape depends on the set of
 * labels alone, so inserting one leaves the rest of the tree, and its digests, as they were.
 */
function bind(twigs: Twig[], from: number, to: number, bit: number): Bough {
  if (to - from === 1) return twigs[from]!;
  if (to - from > BUNDLE) return fork(twigs, from, to, bit);
  const known = bundleOf.get(twigs[from]!);
  if (known && sameRun(known.twigs, twigs, from, to)) return known.bough;
  const bough = fork(twigs, from, to, bit);
  if (to - from > BUNDLE / 8) bundleOf.set(twigs[from]!, { twigs: twigs.slice(from, to), bough });
  return bough;
}

function sameRun(run: Twig[], twigs: Twig[], from: number, to: number): boolean {
  return run.length === to - from && run.every((one, index) => one === twigs[from + index]);
}

function fork(twigs: Twig[], from: number, to: number, startBit: number): Fork {
  let bit = startBit;
  const first = twigs[from]!.label;
  const last = twigs[to - 1]!.label;
  while (bitAt(first, bit) === bitAt(last, bit)) bit += 1;
  let low = from + 1;
  let high = to - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (bitAt(twigs[middle]!.label, bit) === 1) high = middle;
    else low = middle + 1;
  }
  const left = bind(twigs, from, low, bit + 1);
  const right = bind(twigs, low, to, bit + 1);
  return { left, right, pivot: twigs[low]!.label, digest: forkDigest(left.digest, right.digest) };
}

/**
 * Labels as bit strings of 9 bits per byte, the first telling that the byte exists: so `a` sorts before `ab`, and
 * before `a\0`.
 */
function bitAt(label: string, bit: number): 0 | 1 {
  const index = Math.floor(bit / 9);
  if (index >= label.length) return 0;
  const within = bit % 9;
  return within === 0 ? 1 : (((label.charCodeAt(index) >> (8 - within)) & 1) as 0 | 1);
}

function witness(node: Hashed, paths: string[][]): CborTree {
  if (paths.length === 0) return node.digest === EMPTY_DIGEST ? [0] : [4, node.digest];
  if (node.tree.kind === 'leaf') return [3, node.tree.value];
  if (!node.top) return [0];
  if (paths.some((path) => path.length === 0)) return shown(node.top);
  return partly(node.top, requested(node, paths));
}

/**
 * The children to show, sorted by label, each with what to show below it; neighbours of an absent label are shown with
 * their content pruned.
 */
function requested(node: Hashed, paths: string[][]): [string, string[][]][] {
  const wanted = new Map<string, string[][]>();
  const want = (child: Twig | undefined, below: string[][]): void => {
    if (child) wanted.set(child.label, [...(wanted.get(child.label) ?? []), ...below]);
  };
  for (const path of paths) {
    const label = path[0]!;
    const at = position(node.twigs, label);
    if (node.twigs[at]?.label === label) want(node.twigs[at], [path.slice(1)]);
    else {
      want(node.twigs[at - 1], []);
      want(node.twigs[at], []);
    }
  }
  return [...wanted].sort((a, b) => (a[0] < b[0] ? -1 : 1));
}

function position(twigs: Twig[], label: string): number {
  let low = 0;
  let high = twigs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (twigs[middle]!.label < label) low = middle + 1;
    else high = middle;
  }
  return low;
}

function partly(bough: Bough, wanted: [string, string[][]][]): CborTree {
  if (wanted.length === 0) return [4, bough.digest];
  if ('content' in bough) return [2, bytesOf(bough.label), witness(bough.content, wanted[0]![1])];
  const left = wanted.filter(([label]) => label < bough.pivot);
  return [1, partly(bough.left, left), partly(bough.right, wanted.slice(left.length))];
}

function shown(bough: Bough): CborTree {
  if ('content' in bough) return [2, bytesOf(bough.label), witness(bough.content, [[]])];
  return [1, shown(bough.left), shown(bough.right)];
}

function separator(name: string): Uint8Array {
  return Buffer.concat([Uint8Array.of(name.length), Buffer.from(name, 'ascii')]);
}

const LEAF = separator('ic-hashtree-leaf');
const LABELLED = separator('ic-hashtree-labeled');
const FORK = separator('ic-hashtree-fork');
export const EMPTY_DIGEST = sha256(separator('ic-hashtree-empty'));

export function leafDigest(value: Uint8Array): Uint8Array {
  return sha256(Buffer.concat([LEAF, value]));
}

export function labelledDigest(label: Uint8Array, content: Uint8Array): Uint8Array {
  return sha256(Buffer.concat([LABELLED, label, content]));
}

export function forkDigest(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(Buffer.concat([FORK, left, right]));
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(hash('sha256', bytes, 'buffer'));
}
