import { setTimeout as sleep } from 'node:timers/promises';
import { Pages } from '../test/pages.js';
import { Rehearsal, round } from '../test/rehearsal.js';
import { PAGE_OF, VISITS, type Visit } from '../test/visits.js';
import { id, World } from '../test/world.js';
import { ALL_STATES, type States } from './states.js';

let rehearsal: Rehearsal;
beforeAll(async () => void (rehearsal = await Rehearsal.open()));
afterAll(() => rehearsal?.close());
const pages = new Pages(() => rehearsal);

const visits = (Object.keys(VISITS) as (keyof typeof VISITS)[]).flatMap((table) =>
  Object.entries<Visit>(VISITS[table]).map(([state, visit]) => ({ table, state, visit })),
);

describe('the page, and the updates that are offered, agree with the world', () => {
  it.each(visits)('of a $table: $state', async ({ table, state, visit: { at, world: change, input, after, so } }) => {
    const world = (rehearsal.world = new World());
    world.looks = 0;
    change?.(world);
    if (at !== undefined) world.held.add(at);
    const name = `${table}-${state}`.toLowerCase().slice(0, 24);
    const lifecycle = `visit-${name}`;
    const handle = await rehearsal.start('lifecycle', lifecycle, round(name, { datasets: [id('1')], ...input }));
    const page = `${lifecycle}${PAGE_OF[table]}`;
    try {
      if (after) {
        await pages.reaches(page, after.state);
        after.world?.(world);
        // Where the rollout's own abort stops the release, the round's ends the rollout.
        const whose = table === 'release' && state === 'aborted' ? lifecycle : page;
        if (after.send) await pages.send(whose, ...after.send);
        if (state === 'aborted') world.held.clear();
      }
      await pages.reaches(page, state);
      if (isOver(table, state)) await ended(page);
      const now = await pages.tellsTheTruth(page, ALL_STATES[table], state);
      expect({ so: so(world), release: world.release.state, journal: world.journal }).toMatchObject({ so: true });
      if (isOver(table, state)) expect(now).toMatchObject({ waitsFor: null, until: null });
    } finally {
      world.held.clear();
      await handle.cancel().catch(() => undefined); // it may be over
      await handle.result().catch(() => undefined);
    }
  });
});

const isOver = (table: keyof typeof ALL_STATES, state: string): boolean =>
  (ALL_STATES[table] as States)[state]!.over === true;

async function ended(workflowId: string): Promise<void> {
  while ((await rehearsal.client.getHandle(workflowId).describe()).status.name === 'RUNNING') await sleep(50);
}
