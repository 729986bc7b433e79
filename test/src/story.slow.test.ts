import { Telling, expectRightStory } from './telling.js';

describe('npm start -- --once --fresh', () => {
  const telling = new Telling();
  let first: string;
  afterAll(() => telling.remove());

  it('tells the whole story, and it comes out right', async () => {
    const { status, report, output } = await telling.tell('--fresh');
    if (status !== 0) throw new Error(`npm start ended with status ${status}:\n${output.slice(-6000)}`);
    expectRightStory(report);
    first = telling.summary();
    for (const part of [
      '  version 3  sha256:',
      '  release 3  version 3',
      '  pod-6  1 → 2',
      '  S3  ',
      '  metrics, evaluator ',
    ])
      expect(first).toContain(part);
  });

  it('comes up again on the same state, has nothing to tell anew, and sums up the same', async () => {
    const began = Date.now();
    const { status, report } = await telling.tell();
    expect(status).toBe(0);
    expectRightStory(report);
    expect(telling.summary()).toBe(first);
    process.stdout.write(`second start, to the summary: ${((Date.now() - began) / 1000).toFixed(1)} s\n`);
  });
});
