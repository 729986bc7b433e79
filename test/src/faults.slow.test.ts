import { Lab } from '../faults/lab.js';
import { Matrix, fresh } from '../faults/matrix.js';
import { FAULTS } from '../faults/orders.js';
import { scenarios } from '../faults/scenarios/index.js';

/** The same cells on every build; LIVEPOD_SEED=$RANDOM tries others. */
const SEED = Number(process.env['LIVEPOD_SEED'] ?? 1);
const WAYS = ['datasetIntake/cancelled', 'trainingRound/unpaid'];

describe('a sample of the fault matrix', () => {
  it('leaves the world as an undisturbed run does, whatever fails', async () => {
    process.stdout.write(`seed ${SEED} (LIVEPOD_SEED repeats it); the whole matrix: npm run faults\n`);
    const lab = await Lab.open({ tell: () => {} });
    try {
      const matrix = new Matrix(lab, scenarios.filter(({ name }) => WAYS.includes(name)), { sample: true }, fresh(SEED), undefined);
      await matrix.run();
      const cells = matrix.cells();
      expect(cells.filter(({ outcome }) => outcome === 'different')).toEqual([]);
      expect(new Set(cells.map(({ activity }) => activity)).size).toBeGreaterThan(7);
      for (const fault of FAULTS) expect(cells.some((cell) => cell.fault === fault && cell.outcome === 'same')).toBe(true);
    } finally {
      await lab.close();
    }
  });
});
