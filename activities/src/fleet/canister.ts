import {
  CanisterError,
  metadataPage,
  networkTime,
  pageOf,
  standingOf,
  type Clients,
  type Fleet,
} from '@livepod/client';
import { ActivityError } from '../errors.js';
import { authorityOf } from '../operators/canister.js';
import { later } from '../registration.js';
import type { FleetPort, ReleasePhase, ReleaseView } from './port.js';
import { podsOf } from './pods.js';
import { Switches, type PodsSwitched } from './switches.js';

/** Looks for the gate's verdict at least this often, however long the wave soaks. */
const LONGEST_DELAY_MS = 15_000;
/** How soon a page hears that somebody paused, resumed or ended its release elsewhere. */
const CHANGE_DELAY_MS = 5_000;

/**
 * The caller has to be one of the fleet canister's drivers.
 *
 * @param switched  told, in the step that looks, how many pods have switched since the last look
 */
export function canisterFleet(clients: Clients, switched: (pods: PodsSwitched) => void = () => {}): FleetPort {
  const switches = new Switches(switched);
  const over = ({ state }: Fleet.Release): boolean =>
    'completed' in state || 'stopped' in state || 'superseded' in state;
  /** By one node's word while it goes on; that it is over, on the whole subnet's. */
  const read = async (release: number): Promise<Fleet.Release> => {
    const glanced = await clients.fleet.get_release(BigInt(release));
    const known = glanced && !over(glanced) ? glanced : await clients.certified.fleet.get_release(BigInt(release));
    if (!known)
      throw new ActivityError(
        'notFound',
        { release },
        `The fleet canister knows no release ${release}; check the number.`,
      );
    switches.look(known);
    return known;
  };

  const seenNow = async (release: Fleet.Release): Promise<ReleaseView> =>
    viewOf(clients, release, await networkTime(clients));

  return {
    async beginWave({ release, wave, seen }) {
      const before = await read(release);
      if (over(before)) return seenNow(before);
      try {
        return await seenNow(await clients.fleet.advance({ release: BigInt(release), wave }));
      } catch (error) {
        if (!(error instanceof CanisterError)) throw error;
        // The release may have ended between the two calls, by its gate or by the DAO.
        const now = await read(release);
        if (over(now)) return seenNow(now);
        if (error.code !== 'notYet' && error.code !== 'paused') throw error;
        const view = await seenNow(now);
        if (seen !== undefined && view.phase !== seen) return view;
        const left = Number(now.soak_until / 1_000_000n) - (await networkTime(clients));
        throw later(
          'notYet',
          { release, wave },
          error.message,
          error.code === 'paused' || left <= 0 ? 2_000 : Math.min(left + 200, LONGEST_DELAY_MS),
        );
      }
    },
    async changed({ release, seen }) {
      const view = await seenNow(await read(release));
      if (view.state !== seen) return view;
      throw later('notYet', { release }, `Release ${release} is ${view.state}.`, CHANGE_DELAY_MS);
    },
    async pods({ release }) {
      return podsOf(clients, await read(release));
    },
    pause: async ({ release, token }) =>
      seenNow(await clients.fleet.pause({ release: BigInt(release), authority: authorityOf(token) })),
    resume: async ({ release, token }) =>
      seenNow(await clients.fleet.resume({ release: BigInt(release), authority: authorityOf(token) })),
    skipSoak: async ({ release, wave, token }) =>
      seenNow(await clients.fleet.skip_soak({ release: BigInt(release), wave, authority: authorityOf(token) })),
    async abort({ release, reason, token }) {
      const before = await read(release);
      if (over(before)) return seenNow(before);
      return seenNow(await clients.fleet.abort({ release: BigInt(release), reason, authority: authorityOf(token) }));
    },
  };
}

/** @param now  the network's time, in milliseconds since the epoch */
function phaseOf({ state, soak_until: until }: Fleet.Release, now: number): ReleasePhase {
  const name = Object.keys(state)[0] as ReleaseView['state'];
  if (name === 'planned') return 'beginning';
  if (name !== 'rolling') return name;
  return Number(until / 1_000_000n) > now ? 'soaking' : 'gathering';
}

function viewOf({ network }: Clients, release: Fleet.Release, now: number): ReleaseView {
  const [state, why] = Object.entries(release.state)[0] as [ReleaseView['state'], string | null];
  return {
    release: Number(release.id),
    channel: release.channel,
    checkpoint: release.checkpoint,
    version: release.version,
    state,
    phase: phaseOf(release, now),
    why: why ?? (state === 'superseded' ? 'another version took its place' : ''),
    wave: release.wave,
    exposed: release.exposed,
    windows: Number(release.windows),
    corrections: Number(release.corrections),
    errors: Number(release.errors),
    standing: standingOf(release),
    ...(release.soak_until > 0n ? { soaksUntil: new Date(Number(release.soak_until / 1_000_000n)).toISOString() } : {}),
    link: pageOf(network, 'releases', release.id),
    channelLink: metadataPage(network),
  };
}
