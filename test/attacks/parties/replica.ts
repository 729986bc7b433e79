import { join } from 'node:path';
import { canisterAccess, canisterTreasury } from '@livepod/activities';
import { LyingNode } from '@livepod/activities/testing/lyingNode';
import { connect, type Clients } from '@livepod/client';
import { datasetPublicKey } from '@livepod/transfer';
import type { Role } from '@livepod/workers/testing';
import { broken, codeOf, nothing, type Attack, type Played } from '../attack.js';
import type { Ground } from '../ground.js';

const TEST = 'activities/src/lyingNode.slow.test.ts';

/** A node between somebody and the canisters, which signs what it makes up as the subnet's nodes do. */
async function misled(
  ground: Ground,
  role: Role,
  lies: LyingNode['lies'],
  play: (clients: Clients) => Promise<Played>,
): Promise<Played> {
  const { chain } = ground.rig;
  const node = await LyingNode.before(chain.network.icHost, join(chain.folder, 'ic'));
  node.lies = lies;
  try {
    return await play(await connect({ ...chain.network, icHost: node.url }, chain.identity(role)));
  } finally {
    node.close();
  }
}

export const replica: Attack[] = [
  {
    party: 'replica',
    name: 'names a key of its own for data keys to be wrapped to',
    test: TEST,
    play: (ground) =>
      misled(ground, 'contributor-1', { cached_public_key: () => [new Uint8Array(96).fill(7)] }, async (clients) => {
        const right = await datasetPublicKey(await ground.as('contributor-1'));
        const key = await datasetPublicKey(clients);
        return Buffer.from(key).equals(Buffer.from(right))
          ? nothing('the key is derived from the one that is pinned')
          : broken('its key was taken');
      }),
  },
  {
    party: 'replica',
    name: 'calls a job failed, so that its money goes back while its provider works',
    test: TEST,
    async play(ground) {
      const job = ground.granted.job;
      const lies = { get_job: () => [{ ...job, state: { failed: 'it says' } }] };
      return misled(ground, 'operator', lies, async (clients) => {
        const before = await ground.world();
        const told = await canisterTreasury(clients)
          .refund({ job: Number(job.id) })
          .then((escrow) => escrow?.state ?? 'none', codeOf);
        const [changed] = ground.differences(before, await ground.world());
        return changed === undefined ? nothing(`the escrow stays (${told})`) : broken(changed);
      });
    },
  },
  {
    party: 'replica',
    name: 'calls a job granted that nobody granted',
    test: TEST,
    async play(ground) {
      const { job } = ground.done;
      const lies = { get_job: () => [{ ...job, state: { granted: null } }] };
      return misled(ground, 'operator', lies, async (clients) => {
        const told = await canisterAccess(clients)
          .granted({ job: Number(job.id) })
          .then(({ state }) => state, codeOf);
        return told === 'granted' ? broken('it is believed') : nothing(`what the subnet says counts: ${told}`);
      });
    },
  },
];
