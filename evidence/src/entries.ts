import type { Clients } from '@livepod/client';
import { hex } from '@livepod/protocol';
import { Certificates, readWitness } from './certificates.js';
import { EvidenceError, refuse } from './errors.js';
import { entries, tipOf } from './export.js';
import type { Entry, LogName, Tip } from './format.js';
import { followChain } from './logs.js';

/** A canister's audit log from a moment to its end, and the certificate that it follows from (FORMAT.md). */
export interface CertifiedLog {
  canister: string;
  /** What came before the first entry here; null when the log is here from its beginning. */
  start: { length: number; hash: string } | null;
  log: Entry[];
  tip: Tip;
  /** When the network signed the end of the log: nanoseconds since 1970. */
  certifiedAt: bigint;
}

/** A log that is proven, or why it is not. */
export type ProvenLog = CertifiedLog | { unproven: string };

/**
 * All entries of a canister's audit log since a moment, proven: the chain is followed from the last entry before it to
 * the log's end, which a certificate of the network confirms. So none is left out, either.
 *
 * @param since  nanoseconds since 1970
 * @throws EvidenceError `brokenChain` · `wrongCertificate` · `notFound`; CanisterError when it does not answer
 */
export async function certifiedSince(clients: Clients, name: LogName, since: bigint): Promise<CertifiedLog> {
  const { tip, length } = await tipOf(clients, name);
  const first = Math.max(0, (await firstSince(clients, name, since, length)) - 1);
  // The entry before gives the hash that the first one covers; nothing else of it is believed.
  const log = await entries(clients, name, Math.max(0, first - 1), length);
  const start = first === 0 ? null : { length: first, hash: log.shift()!.hash };
  const claimed = { canister: clients.network.canisters[name], start, log, tip };
  const certifiedAt = await checkLog(claimed, name, clients.network.rootKey);
  if (start && BigInt(log[0]!.at) >= since)
    refuse(
      'brokenChain',
      `canisters.${name}.log[0]`,
      'the canister said that what lies before it is older, and it is not',
    );
  return { ...claimed, certifiedAt };
}

/** The same, with a log that is not as its certificate says told as such; what is no fault of the log is thrown. */
export async function provenSince(clients: Clients, name: LogName, since: bigint): Promise<ProvenLog> {
  try {
    return await certifiedSince(clients, name, since);
  } catch (error) {
    if (error instanceof EvidenceError) return { unproven: error.message };
    throw error;
  }
}

/**
 * Checks that a log leads to its certified end. @returns when that was certified
 * @throws EvidenceError `brokenChain` · `wrongCertificate`
 */
export async function checkLog(
  { canister, start, log, tip }: Omit<CertifiedLog, 'certifiedAt'>,
  name: LogName,
  rootKey: string,
): Promise<bigint> {
  const path = `canisters.${name}`;
  const end = followChain(path, { start, log });
  const { root, value } = await readWitness(`${path}.tip`, tip.witness, 'audit_tip');
  if (value !== end) refuse('brokenChain', `${path}.tip`, 'the log does not end as its witness shows');
  const certified = await new Certificates(rootKey).verify(`${path}.tip.certificate`, tip.certificate, canister);
  if (hex(certified.state('certified_data') ?? new Uint8Array()) !== root)
    refuse('wrongCertificate', `${path}.tip`, 'the certificate is not about this log');
  return certified.at;
}

/** The number of the first entry that is not older, as the canister says: the chain is checked afterwards. */
async function firstSince(clients: Clients, name: LogName, since: bigint, length: number): Promise<number> {
  let [from, to] = [0, length];
  while (from < to) {
    const middle = (from + to) >> 1;
    const [entry] = await clients[name].audit_log({ start: BigInt(middle), length: 1 });
    if (!entry) return refuse('missing', `canisters.${name}.log`, `the canister does not show entry ${middle}`);
    if (entry.at < since) from = middle + 1;
    else to = middle;
  }
  return from;
}
