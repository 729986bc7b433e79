import { CanisterError, metadataPage, pageOf, type Clients, type Fleet, type IcNetwork } from '@livepod/client';
import { ActivityError } from '../errors.js';
import { authorityOf } from '../operators/canister.js';
import { later } from '../registration.js';
import type { FleetPort, ReleaseView } from './port.js';
import { Switches, type PodsSwitched } from './switches.js';

/** Looks for the gate's verdict at least this often, however long the wave soaks. */
const LONGEST_DELAY_MS = 15_000;

/**
 * The caller has to be one of the fleet canister's drivers.
 *
 * @param switched  told, in the step that looks, how many pods have switched since the last look
 */
export function canisterFleet(clients: Clients, switched: (pods: PodsSwitched) => void = () => {}): FleetPort {
  const switches = new Switches(switched);
  const read = async (release: number): Promise<Fleet.Release> => {
    const known = await clients.fleet.get_release(BigInt(release));
    if (!known)
      throw new ActivityError(
        'notFound',
        { release },
        `The fleet canister knows no release ${release}; check the number.`,
      );
    switches.look(known);
    return known;
  };
  const over = ({ state }: Fleet.Release): boolean =>
    'completed' in state || 'stopped' in state || 'superseded' in state;

  return {
    async beginWave({ release, wave }) {
      const before = await read(release);
      if (over(before)) return viewOf(clients.network, before);
      try {
        return viewOf(clients.network, await clients.fleet.advance({ release: BigInt(release), wave }));
      } catch (error) {
        if (!(error instanceof CanisterError)) throw error;
        // The release may have ended between the two calls, by its gate or by the DAO.
        const now = await read(release);
        if (over(now)) return viewOf(clients.network, now);
        if (error.code !== 'notYet' && error.code !== 'paused') throw error;
        const left = Number(now.soak_until / 1_000_000n) - Date.now();
        throw later(
          'notYet',
          { release, wave },
          error.message,
          error.code === 'paused' || left <= 0 ? 2_000 : Math.min(left + 200, LONGEST_DELAY_MS),
        );
      }
    },
    pause: async ({ release, token }) =>
      viewOf(clients.network, await clients.fleet.pause({ release: BigInt(release), authority: authorityOf(token) })),
    resume: async ({ release, token }) =>
      viewOf(clients.network, await clients.fleet.resume({ release: BigInt(release), authority: authorityOf(token) })),
    skipSoak: async ({ release, wave, token }) =>
      viewOf(
        clients.network,
        await clients.fleet.skip_soak({ release: BigInt(release), wave, authority: authorityOf(token) }),
      ),
    async abort({ release, reason, token }) {
      const before = await read(release);
      return viewOf(
        clients.network,
        over(before)
          ? before
          : await clients.fleet.abort({ release: BigInt(release), reason, authority: authorityOf(token) }),
      );
    },
  };
}

function viewOf(network: IcNetwork, release: Fleet.Release): ReleaseView {
  const [state, why] = Object.entries(release.state)[0] as [ReleaseView['state'], string | null];
  return {
    release: Number(release.id),
    channel: release.channel,
    checkpoint: release.checkpoint,
    version: release.version,
    state,
    why: why ?? (state === 'superseded' ? 'another version took its place' : ''),
    wave: release.wave,
    exposed: release.exposed,
    windows: Number(release.windows),
    corrections: Number(release.corrections),
    errors: Number(release.errors),
    ...(release.soak_until > 0n ? { soaksUntil: new Date(Number(release.soak_until / 1_000_000n)).toISOString() } : {}),
    link: pageOf(network, 'releases', release.id),
    channelLink: metadataPage(network),
  };
}
