import { parseChannel, type Channel } from '@livepod/protocol';
import { PodError } from '../errors.js';
import type { Trust } from '../updates/trust.js';

/**
 * The channel's document, verified, and not older than what was heard before; nothing while the channel has had no
 * checkpoint yet.
 *
 * @param had  the sequence number heard last, 0 for none
 * @throws PodError `untrustedMetadata` · `metadataRollback`, and what {@link Trust.refresh} throws
 */
export async function hear(trust: Trust, name: string, had: number): Promise<Channel | undefined> {
  await trust.refresh();
  const target = `channels/${name}.json`;
  if (had === 0 && !trust.lists(target)) return undefined;
  const channel = parseChannel(await trust.download(target));
  if (channel.channel !== name)
    throw new PodError(
      'untrustedMetadata',
      { channel: channel.channel },
      `The channel document is that of ${channel.channel}.`,
    );
  if (channel.sequence < had) {
    throw new PodError(
      'metadataRollback',
      { offered: channel.sequence, had },
      `Channel ${name} goes back from sequence ${had} to ${channel.sequence}.`,
    );
  }
  return channel;
}
