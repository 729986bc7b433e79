import type { ModelRolloutResult } from './modelRollout.js';
import { governance, treasury } from './ports.js';
import { slashBond } from './proposals.js';
import type { TrainingRoundResult } from './trainingRound.js';

/**
 * Puts up for slashing what stands behind a model that hurt: the provider's bond and those of the round's new
 * contributors.
 *
 * @returns the proposals' numbers
 */
export async function proposeSlashing(
  round: string,
  contributors: string[],
  trained: TrainingRoundResult,
  rolled: ModelRolloutResult,
): Promise<number[]> {
  const bonds = await treasury.bonds({
    holders: [
      { holder: trained.provider, purpose: 'provider' },
      ...contributors.map((holder) => ({ holder, purpose: 'contributor' as const })),
    ],
  });
  // The signed evaluation is what voters look up; what pods counted explains why they are asked.
  const evidence =
    `evaluation ${trained.checkpoint} of job ${trained.job}; release ${rolled.release}: ${rolled.corrections} ` +
    `corrections and ${rolled.errors} errors in ${rolled.windows} windows.`;
  const reason = `Release ${rolled.release} stopped itself: ${rolled.why}`.slice(0, 400);
  const proposals = bonds
    .filter((bond) => bond.amount !== '0')
    .map((bond) => slashBond(round, bond.holder, bond.purpose, bond.amount, reason, evidence));
  if (proposals.length === 0) return [];
  const receipts = await governance.proposeAll({ proposals });
  return receipts.map((receipt) => receipt.id);
}
