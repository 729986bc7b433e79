import { bytesOf, EMPTY_DIGEST, forkDigest, labelledDigest, latin1, leafDigest } from './labelled-tree.js';

/** A hash tree as somebody else sent it: checked for form, with its root hash and its lookups. */
export interface SentTree {
  readonly digest: Uint8Array;
  /**
   * The leaf at a path, `'absent'` if the tree proves that nothing is there, `'unknown'` if it was pruned away or is no
   * leaf.
   */
  lookup(path: (Uint8Array | string)[]): Uint8Array | 'absent' | 'unknown';
  /** The labels and leaves right below a path, as far as the tree shows them. */
  leaves(path: (Uint8Array | string)[]): [Uint8Array, Uint8Array][];
}

type Node =
  | { kind: 'empty'; digest: Uint8Array }
  | { kind: 'fork'; left: Node; right: Node; digest: Uint8Array }
  | { kind: 'labelled'; label: string; content: Node; digest: Uint8Array }
  | { kind: 'leaf'; value: Uint8Array; digest: Uint8Array }
  | { kind: 'pruned'; digest: Uint8Array };

const MAX_DEPTH = 512;

/**
 * Reads a hash tree from its CBOR arrays (IC spec: Certification encoding).
 *
 * @throws Error when it is malformed, deeper than 512, or its labels do not strictly increase
 */
export function readHashTree(cbor: unknown): SentTree {
  const root = read(cbor, 0);
  inOrder(root);
  return {
    digest: root.digest,
    lookup: (path) => {
      const found = descend(root, path.map(latin1));
      if (typeof found === 'string') return found;
      return found.kind === 'leaf' ? found.value : found.kind === 'empty' ? 'absent' : 'unknown';
    },
    leaves: (path) => {
      const found = descend(root, path.map(latin1));
      if (typeof found === 'string') return [];
      return spread(found).flatMap((node): [Uint8Array, Uint8Array][] =>
        node.kind === 'labelled' && node.content.kind === 'leaf' ? [[bytesOf(node.label), node.content.value]] : [],
      );
    },
  };
}

function read(cbor: unknown, depth: number): Node {
  if (depth > MAX_DEPTH) throw new Error('The hash tree is too deep.');
  if (!Array.isArray(cbor)) throw new Error('A hash tree node is no array.');
  const [tag, first, second] = cbor as unknown[];
  if (cbor.length === 1 && tag === 0) return { kind: 'empty', digest: EMPTY_DIGEST };
  if (cbor.length === 3 && tag === 1) {
    const left = read(first, depth + 1);
    const right = read(second, depth + 1);
    return { kind: 'fork', left, right, digest: forkDigest(left.digest, right.digest) };
  }
  if (cbor.length === 3 && tag === 2 && first instanceof Uint8Array) {
    const content = read(second, depth + 1);
    return { kind: 'labelled', label: latin1(first), content, digest: labelledDigest(first, content.digest) };
  }
  if (cbor.length === 2 && tag === 3 && first instanceof Uint8Array)
    return { kind: 'leaf', value: first, digest: leafDigest(first) };
  if (cbor.length === 2 && tag === 4 && first instanceof Uint8Array && first.length === 32)
    return { kind: 'pruned', digest: first };
  throw new Error('A hash tree node has an unknown form.');
}

function inOrder(node: Node): void {
  let previous: string | undefined;
  const nodes = spread(node);
  for (const one of nodes) {
    if (one.kind === 'leaf' && nodes.length > 1) throw new Error('A hash tree has a leaf beside other nodes.');
    if (one.kind !== 'labelled') continue;
    if (previous !== undefined && one.label <= previous)
      throw new Error('The labels of a hash tree do not strictly increase.');
    previous = one.label;
    inOrder(one.content);
  }
}

/** A node's forks laid out flat, from left to right. */
function spread(node: Node): Node[] {
  return node.kind === 'fork' ? [...spread(node.left), ...spread(node.right)] : [node];
}

function descend(node: Node, path: string[]): Node | 'absent' | 'unknown' {
  const [label, ...rest] = path;
  if (label === undefined) return node;
  if (node.kind === 'pruned') return 'unknown';
  let hidden = false;
  for (const one of spread(node)) {
    if (one.kind === 'pruned') hidden = true;
    if (one.kind !== 'labelled' || one.label < label) {
      if (one.kind === 'labelled') hidden = false;
      continue;
    }
    if (one.label === label) return descend(one.content, rest);
    break;
  }
  return hidden ? 'unknown' : 'absent';
}
