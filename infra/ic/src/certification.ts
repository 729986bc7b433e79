import { encode } from 'cborg';
import { BUILTINS, builtinAt, candidOf } from './builtins/index.js';
import { encodeCertificate, hashTree, labelled, leaf, type HashTree, type SubnetKeys, type Tree } from './certificates/index.js';
import { leb128, selfDescribed } from './envelopes/index.js';
import type { Canister } from './subnet/canister.js';
import { bytesOf, FIRST_ID, LAST_ID, type Id } from './subnet/principals.js';
import type { IngressRecord, Subnet } from './subnet/subnet.js';

/** A state tree with the subnet's signature on its root. */
export class Certified {
  readonly time: bigint;
  readonly #tree: HashTree;
  readonly #signature: Uint8Array;

  constructor(tree: HashTree, signature: Uint8Array, time: bigint) {
    this.#tree = tree;
    this.#signature = signature;
    this.time = time;
  }

  /** A certificate that shows these paths, or proves that nothing is there; `/time` always. */
  certificate(paths: Uint8Array[][]): Uint8Array {
    return encodeCertificate(this.#tree.witness([[TIME], ...paths]), this.#signature);
  }
}

const utf8 = new TextEncoder();
const TIME = utf8.encode('time');
/** 8 ids of eight bytes and 0101: all canisters live on this one subnet. */
const RANGES = selfDescribed(encode([[bytesOf(FIRST_ID), bytesOf(LAST_ID)]]));

const BUILTIN_TREES = BUILTINS.map((builtin): [Id, Tree] => {
  const interfaces = labelled([['candid:service', leaf(utf8.encode(candidOf(builtin)))]]);
  return [builtin.id, labelled([['controllers', leaf(selfDescribed(encode([])))], ['metadata', interfaces]])];
});

/** Builds and signs state trees (IC spec: The system state tree). The subnet is the root subnet: certificates carry no delegation. */
export class Certifier {
  readonly #keys: SubnetKeys;
  readonly #subnet: Subnet;
  readonly #subnets: [string, Tree][];
  readonly #canisters = new WeakMap<Canister, { parts: unknown[]; tree: Tree }>();

  constructor(keys: SubnetKeys, subnet: Subnet) {
    this.#keys = keys;
    this.#subnet = subnet;
    const node = labelled([[keys.nodeId, labelled([['public_key', leaf(keys.nodeDer)]])]]);
    const own = labelled([['public_key', leaf(keys.der)], ['canister_ranges', leaf(RANGES)], ['type', leaf(utf8.encode('application'))], ['node', node]]);
    this.#subnets = [
      ['subnet', labelled([[keys.subnetId, own]])],
      ['canister_ranges', labelled([[keys.subnetId, labelled([[bytesOf(FIRST_ID), leaf(RANGES)]])]])],
    ];
  }

  /**
   * Signs the present state. Of the calls' outcomes it shows only those asked for; a certificate of this state must be used for no other.
   *
   * @param time  nanoseconds since the epoch
   */
  certify(requestIds: Iterable<string>, time: bigint): Certified {
    const tree = hashTree(labelled([
      ['time', leaf(leb128(time))],
      ...this.#subnets,
      ['canister', labelled([...this.#subnet.canisters.values()].map((canister): [Uint8Array, Tree] => [canister.idBytes, this.#canister(canister)]).concat(this.#builtins()))],
      ['request_status', labelled(this.#outcomes(requestIds))],
    ]));
    return new Certified(tree, this.#keys.sign(tree.digest), time);
  }

  *#outcomes(requestIds: Iterable<string>): Iterable<[Uint8Array, Tree]> {
    for (const requestId of requestIds) {
      const known = this.#subnet.state.ingress.get(requestId);
      if (known) yield [bytesOf(requestId), outcome(known)];
    }
  }

  /** Built-ins have no code and no controllers, and show their interface. */
  #builtins(): [Uint8Array, Tree][] {
    return BUILTIN_TREES.filter(([id]) => builtinAt(this.#subnet, id)).map(([id, tree]) => [bytesOf(id), tree]);
  }

  #canister(canister: Canister): Tree {
    const { state, module } = canister;
    const parts = [state.certified, module, state.settings.controllers, state.installedAt];
    const known = this.#canisters.get(canister);
    if (known && known.parts.every((part, index) => part === parts[index])) return known.tree;
    const controllers = selfDescribed(encode(state.settings.controllers.map(bytesOf)));
    const entries: [string, Tree][] = [['controllers', leaf(controllers)], ['canister_creation_timestamp', leaf(leb128(state.createdAt))]];
    if (module) {
      const sections = [...module.metadata].map(([name, { content }]): [string, Tree] => [name, leaf(content)]);
      entries.push(['module_hash', leaf(module.hash)], ['certified_data', leaf(state.certified)], ['last_install_timestamp', leaf(leb128(state.installedAt))]);
      if (sections.length > 0) entries.push(['metadata', labelled(sections)]);
    }
    const tree = labelled(entries);
    this.#canisters.set(canister, { parts, tree });
    return tree;
  }
}

function outcome({ state }: IngressRecord): Tree {
  const entries: [string, Tree][] = [['status', leaf(utf8.encode(state.status))]];
  if (state.status === 'replied') entries.push(['reply', leaf(state.data)]);
  if (state.status === 'rejected') {
    const { code, message, errorCode } = state.rejection;
    entries.push(['reject_code', leaf(leb128(BigInt(code)))], ['reject_message', leaf(utf8.encode(message))], ['error_code', leaf(utf8.encode(errorCode))]);
  }
  return labelled(entries);
}
