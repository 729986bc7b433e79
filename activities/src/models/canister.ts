import { everyAfter, metadataPage, pageOf, type Clients, type Fleet, type Models } from '@livepod/client';
import { ActivityError } from '../errors.js';
import { later } from '../registration.js';
import type { ChannelView, ModelsPort } from './port.js';

const PUBLISH_DELAY_MS = 1_000;

export function canisterModels(clients: Clients): ModelsPort {
  return {
    async released({ checkpoint, channel }) {
      const known = await clients.models.get_checkpoint(checkpoint);
      if (!known)
        throw new ActivityError(
          'notFound',
          { checkpoint },
          `The models canister knows no checkpoint ${checkpoint}; check the id.`,
        );
      const version = known.version[0];
      const release = version === undefined ? undefined : await releaseOf(clients, checkpoint, channel);
      if (version === undefined || release === undefined)
        throw later(
          'notYet',
          { checkpoint },
          `Checkpoint ${checkpoint} was adopted; its release is being opened.`,
          PUBLISH_DELAY_MS,
        );
      // A release is driven by its number, so the whole subnet has to say whose it is.
      const certain = await clients.certified.fleet.get_release(BigInt(release));
      if (certain?.checkpoint !== checkpoint || certain.channel !== channel)
        throw later(
          'notYet',
          { checkpoint, release },
          `Release ${release} is not one of checkpoint ${checkpoint}; looking again.`,
          PUBLISH_DELAY_MS,
        );
      return { version: certain.version, release, link: pageOf(clients.network, 'releases', release) };
    },
    async current({ channel }) {
      const known = await clients.models.get_channel(channel);
      return known ? { ...viewOf(known), link: metadataPage(clients.network) } : null;
    },
    async close({ checkpoint, proposal }) {
      await clients.models.close_checkpoint({ checkpoint, proposal: BigInt(proposal) });
    },
    async stableAt({ channel, version }) {
      const isThere = (known: Models.Channel | undefined): boolean => known?.stable[0]?.version === version;
      const certain = isThere(await clients.models.get_channel(channel))
        ? await clients.certified.models.get_channel(channel)
        : undefined;
      if (certain && isThere(certain)) return { ...viewOf(certain), link: metadataPage(clients.network) };
      throw later(
        'notYet',
        { channel, version },
        `Channel ${channel} is not at version ${version} yet.`,
        PUBLISH_DELAY_MS,
      );
    },
  };
}

/**
 * The newest release of a checkpoint on a channel, from the channel or, when it is over already, from the fleet's list.
 */
async function releaseOf(clients: Clients, checkpoint: string, channel: string): Promise<number | undefined> {
  const candidate = (await clients.models.get_channel(channel))?.candidate[0];
  if (candidate?.checkpoint === checkpoint) return Number(candidate.release);
  const releases = await everyAfter<Fleet.Release, bigint>(
    (page) => clients.fleet.list_releases(page),
    (release) => release.id,
  );
  const newest = releases.findLast((release) => release.checkpoint === checkpoint && release.channel === channel);
  return newest && Number(newest.id);
}

function viewOf(channel: Models.Channel): ChannelView {
  const stable = channel.stable[0];
  const candidate = channel.candidate[0];
  return {
    channel: channel.name,
    sequence: Number(channel.sequence),
    stable: stable ? { checkpoint: stable.checkpoint, version: stable.version } : null,
    candidate: candidate
      ? { release: Number(candidate.release), checkpoint: candidate.checkpoint, version: candidate.version }
      : null,
  };
}
