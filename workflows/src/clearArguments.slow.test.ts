import { setTimeout as sleep } from 'node:timers/promises';
import { Pages } from '../test/pages.js';
import { Rehearsal, round } from '../test/rehearsal.js';
import { World } from '../test/world.js';
import { abortUpdate, stateQuery } from './index.js';
import { deadlineMoved } from './stageNews.js';

let rehearsal: Rehearsal;
beforeAll(async () => void (rehearsal = await Rehearsal.open()));
afterAll(() => rehearsal?.close());
const pages = new Pages(() => rehearsal);

describe('who reaches the server and has no key', () => {
  it('starts nothing: an input in clear is refused', async () => {
    rehearsal.world = new World();
    const handle = await rehearsal.inClear().workflow.start('lifecycle', {
      taskQueue: 'orchestrator',
      workflowId: 'clear-input',
      args: [round('clear')],
    });
    await expect(handle.result()).rejects.toMatchObject({
      cause: { type: 'clearPayload', message: expect.stringContaining('The input came in clear') },
    });
    expect(rehearsal.world.journal).toEqual([]);
  });

  it('moves nothing: a clear payload in a signal is left out, in an update refused; a query is answered', async () => {
    const world = (rehearsal.world = new World());
    world.trainingHangs = true;
    const handle = await rehearsal.start('lifecycle', 'clear-signal', round('signal'));
    const id = 'clear-signal-training';
    await pages.reaches(id, 'training');
    const { job } = await world.access.granted({ job: 7 });
    const over = { job, deadline: '2000-01-01T00:00:00.000Z' };
    const inClear = rehearsal.inClear().workflow.getHandle(id);
    await inClear.signal(deadlineMoved, over);
    await expect(
      inClear.executeUpdate(abortUpdate, { args: [{ reason: 'mine', ...(await rehearsal.sign(id, 'abort')) }] }),
    ).rejects.toMatchObject({ cause: { message: expect.stringContaining('The update abort came in clear') } });
    await sleep(1_000);
    expect(await inClear.query(stateQuery.name, 'an argument in clear')).toMatchObject({ state: 'training' });

    await rehearsal.client.getHandle(id).signal(deadlineMoved, over);
    await expect(handle.result()).rejects.toThrow(/Workflow execution failed/);
  });
});
