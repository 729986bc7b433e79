import { balance } from '@livepod/client';
import { purposeOf } from './bond.js';
import { connectedAs, type Reach } from '../options.js';

/** What a contributor has, and what is missing before anything can be sent. */
export interface Readiness {
  principal: string;
  balance: bigint;
  /** The contributor's bond, in e8s. */
  bond: bigint;
  /** A sentence with a remedy each. */
  missing: string[];
}

export async function readiness(reach: Reach & { store?: 'bucket' | 's3' }): Promise<Readiness> {
  const { clients, network } = await connectedAs(reach);
  const [held, bond] = await Promise.all([
    balance(clients),
    clients.treasury.get_bond({ holder: clients.principal, purpose: purposeOf('contributor') }),
  ]);
  const missing: string[] = [];
  if (!bond || bond.amount === 0n)
    missing.push('Missing: a contributor’s bond. Post one: livepod bond post contributor 20');
  if (reach.store === 's3' && !network.s3)
    missing.push('Missing: network.json names no S3 bucket; store in a canister bucket, or ask the operator for one.');
  if (reach.store === 's3' && !process.env['AWS_ACCESS_KEY_ID'] && !process.env['AWS_PROFILE'])
    missing.push('Missing: keys for S3. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; the operator gives them out.');
  return { principal: clients.principal.toText(), balance: held, bond: bond?.amount ?? 0n, missing };
}
