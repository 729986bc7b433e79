import { existsSync } from 'node:fs';
import { loadIdentity, readNetwork, type Network } from '@livepod/client';
import { signerOf } from '@livepod/activities';
import { WorkerError } from './errors.js';

/** What every process needs; its own variables come on top. */
const COMMON = {
  LIVEPOD_NETWORK: 'the network.json that set-up wrote',
  LIVEPOD_IDENTITY: 'the identity file of this process, {"seed": "…"}',
};

/**
 * Reads the environment, once, at start. Everything that is missing is said at once.
 *
 * @param wanted  this process's own variables, with what each one is for
 * @throws WorkerError `badConfiguration`
 */
export function configure<K extends string>(wanted: Record<K, string>) {
  const variables: Record<string, string> = { ...COMMON, ...wanted };
  const missing = Object.entries(variables).filter(([name]) => !process.env[name]).map(([name, what]) => `${name} (${what})`);
  const absent = Object.keys(COMMON).filter((name) => process.env[name] && !existsSync(process.env[name])).map((name) => `${name} names ${process.env[name]}, which is not there`);
  if (missing.length + absent.length > 0) {
    const sentences = [...(missing.length > 0 ? [`Set ${missing.join(', ')}`] : []), ...absent];
    throw new WorkerError('badConfiguration', { missing }, `${sentences.join('; ')}.`);
  }
  const network = readNetwork(process.env['LIVEPOD_NETWORK']!);
  const temporal = network.temporal;
  if (!temporal) throw new WorkerError('badConfiguration', {}, `${process.env['LIVEPOD_NETWORK']} names no Temporal server; start the stack again.`);
  const identity = loadIdentity(process.env['LIVEPOD_IDENTITY']!);
  return { network, temporal, identity, signer: signerOf(identity), own: Object.fromEntries(Object.keys(wanted).map((name) => [name, process.env[name]!])) as Record<K, string> };
}

/** The S3 part of the network, when it has one and there are credentials for it. */
export function objectStoreOf(network: Network): NonNullable<Network['s3']> | undefined {
  return network.s3 && (process.env['AWS_ACCESS_KEY_ID'] ?? process.env['AWS_PROFILE']) ? network.s3 : undefined;
}
