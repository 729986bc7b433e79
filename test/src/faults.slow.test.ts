import { Lab } from '../faults/lab.js';
import { fresh, Matrix, SAMPLE } from '../faults/matrix.js';
import { scenarios } from '../faults/scenarios/index.js';

/** The same moments on every build; LIVEPOD_SEED=$RANDOM tries others. */
const SEED = Number(process.env['LIVEPOD_SEED'] ?? 1);

describe('a sample of the fault matrix: an intake that is cancelled during its vote', () => {
  it('leaves the world as it does undisturbed, whatever crashes, is repeated or is killed', async () => {
    process.stdout.write(`seed ${SEED} (LIVEPOD_SEED repeats it); the whole matrix: npm run faults\n`);
    const lab = await Lab.open({ tell: () => {} });
    try {
      const matrix = new Matrix(
        lab,
        scenarios.filter(({ name }) => name === 'datasetIntake/cancelled'),
        { workflow: 'datasetIntake' },
        fresh(SEED),
        undefined,
        SAMPLE,
      );
      await matrix.run();
      const cells = matrix.cells();
      expect(cells.filter(({ outcome }) => outcome === 'different')).toEqual([]);
      expect(cells.filter(({ outcome }) => outcome === 'same')).toHaveLength(4 * 6 + 1);
    } finally {
      await lab.close();
    }
  });
});
