import { encode } from 'cborg';
import { BUILTINS, builtinAt, candidOf } from './builtins/index.js';
import {
  encodeCertificate,
  hashTree,
  labelled,
  leaf,
  type Delegation,
  type HashTree,
  type SubnetKeys,
  type Tree,
} from './certificates/index.js';
import { leb128, selfDescribed } from './envelopes/index.js';
import type { Canister } from './subnet/canister.js';
import { bytesOf, FIRST_ID, LAST_ID, type Id } from './subnet/principals.js';
import type { IngressRecord, Subnet } from './subnet/subnet.js';

/** A state tree with the subnet's signature on its root. */
export class Certified {
  readonly time: bigint;
  readonly #tree: HashTree;
  readonly #signature: Uint8Array;
  readonly #delegation?: Delegation;

  constructor(tree: HashTree, signature: Uint8Array, time: bigint, delegation?: Delegation) {
    this.#tree = tree;
    this.#signature = signature;
    this.time = time;
    this.#delegation = delegation;
  }

  /** A certificate that shows these paths, or proves that nothing is there; `/time` always. */
  certificate(paths: Uint8Array[][]): Uint8Array {
    return encodeCertificate(this.#tree.witness([[TIME], ...paths]), this.#signature, this.#delegation);
  }
}

const utf8 = new TextEncoder();
const TIME = utf8.encode('time');
/** 8 ids of eight bytes and 0101: all canisters live on this one subnet. */
const RANGES = selfDescribed(encode([[bytesOf(FIRST_ID), bytesOf(LAST_ID)]]));
const SHARDS = labelled([[bytesOf(FIRST_ID), leaf(RANGES)]]);
const TYPE = utf8.encode('application');

const BUILTIN_TREES = BUILTINS.map((builtin): [Id, Tree] => {
  const interfaces = labelled([['candid:service', leaf(utf8.encode(candidOf(builtin)))]]);
  return [
    builtin.id,
    labelled([
      ['controllers', leaf(selfDescribed(encode([])))],
      ['metadata', interfaces],
    ]),
  ];
});

/** Nanoseconds. */
const METRICS_LIFE = 1_000_000_000n;
/** Clients refuse delegations of more than 30 days. */
const DELEGATION_LIFE = 86_400_000_000_000n;

/**
 * Builds and signs state trees (IC spec: The system state tree). Certificates carry a delegation if the subnet stands
 * under a root.
 */
export class Certifier {
  readonly #keys: SubnetKeys;
  readonly #subnet: Subnet;
  #delegation?: { made: Delegation; madeAt: bigint };
  readonly #own: [string, Tree][];
  #metrics?: { tree: Tree; madeAt: bigint };
  readonly #canisters = new WeakMap<Canister, { parts: unknown[]; tree: Tree }>();

  constructor(keys: SubnetKeys, subnet: Subnet) {
    this.#keys = keys;
    this.#subnet = subnet;
    const node = labelled([[keys.nodeId, labelled([['public_key', leaf(keys.nodeDer)]])]]);
    this.#own = [
      ['public_key', leaf(keys.der)],
      ['canister_ranges', leaf(RANGES)],
      ['type', leaf(TYPE)],
      ['node', node],
    ];
  }

  /**
   * Signs the present state. Of the calls' outcomes it shows only those asked for; a certificate of this state must be
   * used for no other.
   *
   * @param time  nanoseconds since the epoch
   */
  certify(requestIds: Iterable<string>, time: bigint): Certified {
    const tree = hashTree(
      labelled([
        ['time', leaf(leb128(time))],
        ['subnet', labelled([[this.#keys.subnetId, labelled([...this.#own, ['metrics', this.#metricsAt(time)]])]])],
        ['canister_ranges', labelled([[this.#keys.subnetId, SHARDS]])],
        [
          'canister',
          labelled(
            [...this.#subnet.canisters.values()]
              .map((canister): [Uint8Array, Tree] => [canister.idBytes, this.#canister(canister)])
              .concat(this.#builtins()),
          ),
        ],
        ['request_status', labelled(this.#outcomes(requestIds))],
      ]),
    );
    return new Certified(tree, this.#keys.sign(tree.digest), time, this.#delegationAt(time));
  }

  /**
   * The root's word for this subnet, as of the last day: its key, type and canister ranges, both flat and in one shard.
   */
  #delegationAt(time: bigint): Delegation | undefined {
    const { signAsRoot, subnetId, der } = this.#keys;
    if (!signAsRoot) return undefined;
    if (this.#delegation && this.#delegation.madeAt <= time && time < this.#delegation.madeAt + DELEGATION_LIFE)
      return this.#delegation.made;
    const own = labelled([
      ['public_key', leaf(der)],
      ['canister_ranges', leaf(RANGES)],
      ['type', leaf(TYPE)],
    ]);
    const tree = hashTree(
      labelled([
        ['time', leaf(leb128(time))],
        ['subnet', labelled([[subnetId, own]])],
        ['canister_ranges', labelled([[subnetId, SHARDS]])],
      ]),
    );
    const made = { subnet_id: subnetId, certificate: encodeCertificate(tree.witness([[]]), signAsRoot(tree.digest)) };
    this.#delegation = { made, madeAt: time };
    return made;
  }

  /** Of the last second: they are counted over all canisters. */
  #metricsAt(time: bigint): Tree {
    if (this.#metrics && this.#metrics.madeAt <= time && time < this.#metrics.madeAt + METRICS_LIFE)
      return this.#metrics.tree;
    const canisters = [...this.#subnet.canisters.values()];
    const consumed = canisters
      .flatMap(({ state }) => Object.values(state.consumed ?? {}))
      .reduce((sum, cycles) => sum + cycles, 0n);
    const tree = leaf(
      selfDescribed(
        encode({
          num_canisters: canisters.length,
          canister_state_bytes: canisters.reduce((sum, one) => sum + one.memoryBytes(), 0n),
          consumed_cycles_total: { low: consumed & 0xffff_ffff_ffff_ffffn, high: consumed >> 64n },
          update_transactions_total: this.#subnet.state.messages ?? 0n,
        }),
      ),
    );
    this.#metrics = { tree, madeAt: time };
    return tree;
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
    const entries: [string, Tree][] = [
      ['controllers', leaf(controllers)],
      ['canister_creation_timestamp', leaf(leb128(state.createdAt))],
    ];
    if (module) {
      const sections = [...module.metadata].map(([name, { content }]): [string, Tree] => [name, leaf(content)]);
      entries.push(
        ['module_hash', leaf(module.hash)],
        ['certified_data', leaf(state.certified)],
        ['last_install_timestamp', leaf(leb128(state.installedAt))],
      );
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
    entries.push(
      ['reject_code', leaf(leb128(BigInt(code)))],
      ['reject_message', leaf(utf8.encode(message))],
      ['error_code', leaf(utf8.encode(errorCode))],
    );
  }
  return labelled(entries);
}
