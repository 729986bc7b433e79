import {
  blsVerify,
  Cbor,
  Certificate,
  flatten_forks,
  LookupPathStatus,
  LookupSubtreeStatus,
  lookup_path,
  NodeType,
  reconstruct,
  type HashTree,
} from '@dfinity/agent';
import { Principal } from '@dfinity/principal';
import { hex, principalBytes, unhex, utf8 } from '@livepod/protocol';
import { readCbor, type CborValue } from './cbor.js';
import { refuse } from './errors.js';

/** State of one canister that the Internet Computer has signed for. */
export interface Certified {
  /** When it was signed: nanoseconds since 1970. */
  at: bigint;
  /** The value at `/canister/<id>/<name>`. */
  state(name: 'certified_data' | 'module_hash' | 'controllers'): Uint8Array | undefined;
}

/**
 * Verifies certificates under one root key, delegations to subnets included (IC spec: Certification). Their age is not
 * judged: they are proof of what was. Signatures met twice (a delegation's) are computed once.
 */
export class Certificates {
  private readonly seen = new Map<string, boolean>();

  /** @param rootKey  hex of the 133-byte DER */
  constructor(private readonly rootKey: string) {}

  async verify(path: string, certificate: string, canister: string): Promise<Certified> {
    const bytes = strictly(path, () => {
      const raw = unhex(certificate);
      checkCertificate(readCbor(raw), true);
      return raw;
    });
    const id = strictly(path.replace(/\.[a-z]+\.certificate$/, '.id'), () => principalBytes(canister));
    let verified: Certificate;
    try {
      verified = await this.signedState(bytes, id);
    } catch (cause) {
      return refuse(
        'wrongCertificate',
        path,
        `the certificate is not signed under the root key for canister ${canister} (${firstLine(cause)})`,
        cause,
      );
    }
    const value = (steps: (string | Uint8Array)[]): Uint8Array | undefined => {
      const found = verified.lookup_path(steps.map((step) => (typeof step === 'string' ? utf8(step) : step)));
      return found.status === LookupPathStatus.Found ? (found.value as Uint8Array) : undefined;
    };
    const time = value(['time']);
    if (!time) return refuse('wrongCertificate', path, 'the certificate does not say when it was made');
    return { at: leb128(path, time), state: (name) => value(['canister', id, name]) };
  }

  /** The state that the root subnet signed, or a subnet that the root speaks for, for a canister of its own. */
  private async signedState(bytes: Uint8Array, canister: Uint8Array): Promise<Certificate> {
    const { tree, signature, delegation } = Cbor.decode(bytes) as unknown as {
      tree: HashTree;
      signature: Uint8Array;
      delegation?: { subnet_id: Uint8Array; certificate: Uint8Array };
    };
    if (!delegation) return this.under(unhex(this.rootKey), bytes, canister);
    // Not left to the agent: it knows ranges in one list alone, and newer endpoints of the network give them in shards.
    const chain = await this.under(unhex(this.rootKey), delegation.certificate, canister);
    const key = chain.lookup_path([utf8('subnet'), delegation.subnet_id, utf8('public_key')]);
    if (key.status !== LookupPathStatus.Found) throw new Error("the delegation does not show the subnet's key");
    if (!rangesOf(chain, delegation.subnet_id).some(([first, last]) => first <= hex(canister) && hex(canister) <= last))
      throw new Error("the canister is not one of the subnet's");
    return this.under(key.value as Uint8Array, Cbor.encode({ tree, signature }), canister);
  }

  private under(key: Uint8Array, certificate: Uint8Array, canister: Uint8Array): Promise<Certificate> {
    return Certificate.create({
      certificate,
      rootKey: key,
      canisterId: Principal.fromUint8Array(canister),
      disableTimeVerification: true,
      blsVerify: async (publicKey, signature, message) => this.signed(publicKey, signature, message),
    });
  }

  private signed(key: Uint8Array, signature: Uint8Array, message: Uint8Array): boolean {
    const name = `${hex(key)} ${hex(signature)} ${hex(message)}`;
    const known = this.seen.get(name);
    if (known !== undefined) return known;
    const valid = blsVerify(key, signature, message) as unknown as boolean;
    this.seen.set(name, valid);
    return valid;
  }
}

/** Canister ids from–to that a delegation covers, in hex: in one list, or in shards (IC spec: Delegation). */
function rangesOf(chain: Certificate, subnet: Uint8Array): [string, string][] {
  const flat = chain.lookup_path([utf8('subnet'), subnet, utf8('canister_ranges')]);
  const shards = chain.lookup_subtree([utf8('canister_ranges'), subnet]);
  const lists: Uint8Array[] = flat.status === LookupPathStatus.Found ? [flat.value as Uint8Array] : [];
  if (shards.status === LookupSubtreeStatus.Found) {
    for (const node of flatten_forks(shards.value))
      if (node[0] === NodeType.Labeled && node[2][0] === NodeType.Leaf) lists.push(node[2][1] as Uint8Array);
  }
  return lists.flatMap((list) =>
    (readCbor(list) as CborValue[][]).map(([first, last]): [string, string] => [
      hex(first as Uint8Array),
      hex(last as Uint8Array),
    ]),
  );
}

/**
 * When a certificate says that it was made, in nanoseconds since 1970. True once it has been verified; until then, what
 * is drawn up from it is as good as the certificate.
 */
export function timeIn(path: string, certificate: string): bigint {
  const tree = strictly(path, () => {
    const fields = readCbor(unhex(certificate));
    checkCertificate(fields, true);
    return checkTree((fields as Map<string, CborValue>).get('tree')!, 0);
  });
  const found = lookup_path([utf8('time')], tree);
  if (found.status !== LookupPathStatus.Found)
    return refuse('wrongCertificate', path, 'the certificate does not say when it was made');
  return leb128(path, found.value as Uint8Array);
}

/** The root of a hash tree and the value at one label of it. */
export async function readWitness(
  path: string,
  witness: string,
  label: string,
): Promise<{ root: string; value: string | undefined }> {
  const tree = strictly(path, () => checkTree(readCbor(unhex(witness)), 0));
  const found = lookup_path([utf8(label)], tree);
  return {
    root: hex(await reconstruct(tree)),
    value: found.status === LookupPathStatus.Found ? hex(found.value as Uint8Array) : undefined,
  };
}

/** Controllers as a certificate holds them: CBOR list of principals. */
export function readControllers(path: string, bytes: Uint8Array): string[] {
  return strictly(path, () => {
    const list = readCbor(bytes);
    if (!Array.isArray(list)) throw new Error('controllers are a list');
    return list.map((id) => Principal.fromUint8Array(id as Uint8Array).toText()).sort();
  });
}

function strictly<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    return refuse('wrongCertificate', path, `it cannot be read: ${firstLine(cause)}`, cause);
  }
}

function checkCertificate(value: CborValue, mayDelegate: boolean): void {
  if (!(value instanceof Map)) throw new Error('a certificate is a CBOR map');
  for (const name of value.keys())
    if (!['tree', 'signature', 'delegation'].includes(name)) throw new Error(`a certificate has no field ${name}`);
  checkTree(value.get('tree')!, 0);
  if (!(value.get('signature') instanceof Uint8Array)) throw new Error('a certificate needs a signature');
  const delegation = value.get('delegation');
  if (delegation === undefined) return;
  if (!mayDelegate) throw new Error('a delegation is not delegated itself');
  if (!(delegation instanceof Map) || [...delegation.keys()].sort().join() !== 'certificate,subnet_id')
    throw new Error('a delegation has subnet_id and certificate');
  if (!(delegation.get('subnet_id') instanceof Uint8Array)) throw new Error('a subnet id is bytes');
  checkCertificate(readCbor(delegation.get('certificate') as Uint8Array), false);
}

/** IC spec: hash trees; 0 empty, 1 fork, 2 labeled, 3 leaf, 4 pruned. */
function checkTree(value: CborValue, depth: number): HashTree {
  if (!Array.isArray(value) || depth > 200) throw new Error('a hash tree is nested lists');
  const [kind, first, second] = value;
  const bytes = (part: CborValue | undefined): Uint8Array => {
    if (part instanceof Uint8Array) return part;
    throw new Error('a hash tree holds bytes here');
  };
  const expect = (length: number): void => {
    if (value.length !== length) throw new Error(`a hash tree's node ${String(kind)} has ${length} parts`);
  };
  switch (kind) {
    case 0n:
      expect(1);
      return [0] as unknown as HashTree;
    case 1n:
      expect(3);
      return [1, checkTree(first!, depth + 1), checkTree(second!, depth + 1)] as unknown as HashTree;
    case 2n:
      expect(3);
      return [2, bytes(first), checkTree(second!, depth + 1)] as unknown as HashTree;
    case 3n:
      expect(2);
      return [3, bytes(first)] as unknown as HashTree;
    case 4n: {
      expect(2);
      if (bytes(first).length !== 32) throw new Error('a pruned node has 32 bytes');
      return [4, first] as unknown as HashTree;
    }
    default:
      throw new Error('a hash tree has nodes of kinds 0 to 4');
  }
}

function leb128(path: string, bytes: Uint8Array): bigint {
  let value = 0n;
  bytes.forEach((byte, index) => {
    value |= BigInt(byte & 0x7f) << BigInt(7 * index);
  });
  if (bytes.length === 0 || bytes.length > 10 || bytes.at(-1)! > 0x7f)
    refuse('wrongCertificate', path, 'its time is not a number');
  return value;
}

const firstLine = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause)).split('\n')[0]!;
