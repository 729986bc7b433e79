import { Telling, expectRightStory } from './telling.js';

describe('npm start -- --once --fresh', () => {
  const telling = new Telling();
  afterAll(() => telling.remove());

  it('tells the whole story, and it comes out right', async () => {
    const { status, report, output } = await telling.tell('--fresh');
    if (status !== 0) throw new Error(`npm start ended with status ${status}:\n${output.slice(-6000)}`);
    expectRightStory(report);
  });

  it('comes up again on the same state, and has nothing to tell anew', async () => {
    const began = Date.now();
    const { status, report } = await telling.tell();
    expect(status).toBe(0);
    expectRightStory(report);
    process.stdout.write(`second start, to the summary: ${((Date.now() - began) / 1000).toFixed(1)} s\n`);
  });
});
