/**
 * A network of one's own, to see what properly signed but dishonest or unusual logs do. The embedded host's own signing
 * code.
 */
import { encode } from 'cborg';
import { hex, principalBytes, unhex } from '@livepod/protocol';
import {
  createSubnetKeys,
  encodeCertificate,
  hashTree,
  labelled,
  leaf,
  type Delegation,
  type SubnetKeys,
  type Tree,
} from '@livepod/ic/certificates';
import { leb128, selfDescribed } from '@livepod/ic/envelopes';
import { LOGS, type LogName } from '../src/format.js';
import type { File } from './sample.js';

export const root = createSubnetKeys(new Uint8Array(32).fill(1));
export const subnet = createSubnetKeys(new Uint8Array(32).fill(2));
export const rootKey = hex(root.der);

const time = (at: bigint): [string, Tree] => ['time', leaf(leb128(at))];

function certificate(keys: SubnetKeys, tree: Tree, delegation?: Delegation): string {
  const { digest, witness } = hashTree(tree);
  return hex(encodeCertificate(witness([[]]), keys.sign(digest), delegation));
}

/** The root's word for the subnet: its key, and the canisters from one id to another. */
export function delegation(first: string, last: string, by = root, shape: 'flat' | 'sharded' = 'flat'): Delegation {
  const ranges = leaf(selfDescribed(encode([[principalBytes(first), principalBytes(last)]])));
  const own: [string, Tree][] = [
    ['public_key', leaf(subnet.der)],
    ...(shape === 'flat' ? [['canister_ranges', ranges] as [string, Tree]] : []),
  ];
  const shards: [string, Tree] = [
    'canister_ranges',
    labelled([[subnet.subnetId, labelled([[principalBytes(first), ranges]])]]),
  ];
  const tree = labelled([
    time(1n),
    ['subnet', labelled([[subnet.subnetId, labelled(own)]])],
    ...(shape === 'sharded' ? [shards] : []),
  ]);
  return { subnet_id: subnet.subnetId, certificate: unhex(certificate(by, tree)) };
}

export interface Signing {
  keys?: SubnetKeys;
  delegation?: Delegation;
  /** When each certificate is made; default: a second after the last entry of all logs. */
  at?: Partial<Record<LogName, bigint>>;
}

export function tipAt(
  hash: string,
  canister: string,
  at: bigint,
  { keys = root, delegation: chain }: Signing = {},
): { certificate: string; witness: string } {
  const { digest, witness } = hashTree(labelled([['audit_tip', leaf(unhex(hash))]]));
  const state = labelled([
    time(at),
    ['canister', labelled([[principalBytes(canister), labelled([['certified_data', leaf(digest)]])]])],
  ]);
  return {
    certificate: certificate(keys, state, chain),
    witness: hex(selfDescribed(encode(witness([[new TextEncoder().encode('audit_tip')]])))),
  };
}

/** Signs the ends of all logs anew, whatever they are. */
export function signed(file: File, signing: Signing = {}): File {
  const last =
    LOGS.map((name) => BigInt(file.canisters[name].log.at(-1)?.at ?? 0)).reduce((a, b) => (a > b ? a : b)) +
    1_000_000_000n;
  file.rootKey = rootKey;
  for (const name of LOGS) {
    const canister = file.canisters[name];
    const at = signing.at?.[name] ?? last;
    canister.tip = tipAt(canister.log.at(-1)?.hash ?? canister.start!.hash, canister.id, at, signing);
    const controllers = leaf(selfDescribed(encode(canister.code.controllers.map(principalBytes))));
    const code = labelled([
      ['module_hash', leaf(unhex(canister.code.moduleHash))],
      ['controllers', controllers],
    ]);
    canister.code.certificate = certificate(
      signing.keys ?? root,
      labelled([time(at), ['canister', labelled([[principalBytes(canister.id), code]])]]),
      signing.delegation,
    );
  }
  return file;
}
