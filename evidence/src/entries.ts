import type { Clients } from '@livepod/client';
import { hex } from '@livepod/protocol';
import { Certificates, readWitness } from './certificates.js';
import { refuse } from './errors.js';
import { entries, tipOf } from './export.js';
import type { Entry, LogName } from './format.js';
import { followChain } from './logs.js';

/** Entries of one canister's audit log, and the certificate that they follow from. */
export interface CertifiedEntries {
  canister: string;
  entries: Entry[];
  /** When the network signed the end of the log that they lead to: nanoseconds since 1970. */
  certifiedAt: bigint;
}

/**
 * Entries of a canister's audit log by their numbers, each proven: the chain is followed from the first of them to the
 * log's end, which a certificate of the network confirms.
 *
 * @throws EvidenceError `missing` · `brokenChain` · `wrongCertificate`; CanisterError when the canister does not answer
 */
export async function certifiedEntries(
  clients: Clients,
  name: LogName,
  numbers: Iterable<number | bigint>,
): Promise<CertifiedEntries> {
  const wanted = new Set([...numbers].map(Number));
  const canister = clients.network.canisters[name];
  const { tip, length } = await tipOf(clients, name);
  const beyond = [...wanted].find((number) => number >= length);
  if (beyond !== undefined) refuse('missing', `canisters.${name}.log`, `it has ${length} entries, and none ${beyond}`);
  const first = Math.min(length, ...wanted);
  // The entry before the first one gives the hash that the first one covers; nothing else of it is believed.
  const before = Math.max(0, first - 1);
  const log = await entries(clients, name, before, length);
  const start = first === 0 ? null : { length: first, hash: log.shift()!.hash };
  const path = `canisters.${name}`;
  const end = followChain(path, { start, log });
  const { root, value } = await readWitness(`${path}.tip`, tip.witness, 'audit_tip');
  if (value !== end) refuse('brokenChain', `${path}.tip`, 'the log does not end as its witness shows');
  const certified = await new Certificates(clients.network.rootKey).verify(
    `${path}.tip.certificate`,
    tip.certificate,
    canister,
  );
  if (hex(certified.state('certified_data') ?? new Uint8Array()) !== root)
    refuse('wrongCertificate', `${path}.tip`, 'the certificate is not about this log');
  return { canister, entries: log.filter(({ index }) => wanted.has(index)), certifiedAt: certified.at };
}
