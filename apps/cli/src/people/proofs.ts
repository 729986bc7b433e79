import type { Clients, Datasets, Decision } from '@livepod/client';
import { certifiedSince, proofOfDataset, proofOfProposal, type Proof } from '@livepod/evidence';
import { moment } from '../amounts.js';
import { told } from '../output.js';

/** What stands behind a line: the entries of which certified log, or that nothing does. */
export const proven = (proof: Proof): string =>
  'unproven' in proof ? `  NOT PROVEN: ${proof.unproven}` : `  [${proof.log} ${proof.entries.join(', ')}]`;

/** One fact's proof as a sentence. */
export const provenInWords = (proof: Proof): string => {
  if ('unproven' in proof) return `NOT PROVEN: ${proof.unproven}.`;
  const { log, entries, certifiedAt } = proof;
  const which = entries.length === 1 ? `entry ${entries[0]}` : `entries ${entries.join(', ')}`;
  return `${which} of the ${log} canister’s log, under a certificate of ${moment(certifiedAt)}.`;
};

/** A proposal's proof. Another governance than ours, such as an SNS, keeps no such log: that is said, too. */
export const proofOfDecision = (clients: Clients, found: Decision): Promise<Proof> =>
  orWhyNot(async () => {
    const log = await certifiedSince(clients, 'governance', BigInt(found.madeSeconds) * 1_000_000_000n);
    return proofOfProposal(found, log);
  });

/** That a dataset is registered, and what became of it. */
export const proofOfRegistration = (clients: Clients, dataset: Datasets.Dataset): Promise<Proof> =>
  orWhyNot(async () => {
    return proofOfDataset(dataset, await certifiedSince(clients, 'datasets', dataset.registered_at));
  });

async function orWhyNot(prove: () => Promise<Proof>): Promise<Proof> {
  try {
    return await prove();
  } catch (error) {
    return { unproven: told(error).message.replace(/\.$/, '') };
  }
}
