import { Certificate, lookupResultToBuffer } from '@dfinity/agent';
import { Principal } from '@dfinity/principal';
import { connectAgent, type IcNetwork } from '@livepod/client';
import { utf8 } from '@livepod/protocol';
import { PodError } from './errors.js';

/**
 * The Internet Computer's time in milliseconds since the epoch, from a certificate under its root key (IC spec:
 * Certification, `/time`). It is asked for without a name: such a question has no expiry, so that a device whose clock
 * is wrong gets an answer, too.
 *
 * @returns asks once for each call
 */
export async function certifiedTime(network: IcNetwork): Promise<() => Promise<number>> {
  const agent = await connectAgent(network, undefined, { retryTimes: 0 });
  const canisterId = Principal.fromText(network.canisters.models);
  const path = [utf8('time')];
  return async () => {
    const { certificate } = await agent.readState(canisterId, { paths: [path] });
    const verified = await Certificate.create({
      certificate,
      rootKey: Buffer.from(network.rootKey, 'hex'),
      canisterId,
      disableTimeVerification: true, // it is what the clock is held against
    });
    const time = lookupResultToBuffer(verified.lookup_path(path));
    if (!time) throw new PodError('network', {}, 'The certificate of the Internet Computer names no time.');
    return Number(unsigned(time) / 1_000_000n);
  };
}

/** LEB128. */
const unsigned = (bytes: Uint8Array): bigint =>
  bytes.reduceRight((value, byte) => (value << 7n) | BigInt(byte & 0x7f), 0n);
