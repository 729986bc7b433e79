import { ActivityFailure, patched, workflowInfo } from '@temporalio/workflow';
import type { Leftover, Settled } from '@livepod/activities/ports';
import { amount, checked, integer, optional, record, type Guarded } from './guards.js';
import { narrate } from './narration.js';
import { treasury, watch } from './ports.js';
import { mark } from './searchAttributes.js';

export const input = record({
  /** How long nobody must have worked on a thing before it counts as left behind. */
  quietSeconds: optional(integer(0, 30 * 24 * 3600), 60),
  /** Canisters with fewer cycles than this are reported. */
  lowCycles: optional(amount, '2000000000000'),
});
export type TreasuryWatchInput = Partial<Guarded<typeof input>>;

export interface TreasuryWatchResult {
  /** Escrows paid out and paid back, because their outcome is known or their deadline has passed. */
  settled: number[];
  refunded: number[];
  /** What a termination or a failed compensation left behind, and what was done with it. */
  left?: (Pick<Leftover, 'of' | 'why'> & Settled)[];
  /** Room in buckets that was promised and never used, and chunks of checkpoints that were never submitted. */
  rooms?: { rooms: number; bytes: number; buckets: string[]; checkpoints?: { jobs: number; bytes: number } };
  /** Objects and unfinished uploads of no registered dataset; `next` is where the next run goes on. */
  objects?: { objects: number; uploads: number; next: string | null; refused?: string };
  lowCycles?: { canister: string; id: string; cycles: string }[];
}

/** A run's history stays short: what is left over the next run finds. */
const SETTLED_AT_ONCE = 50;

/**
 * Looks after what nobody looks after any more: escrows whose outcome is known, what terminated workflows left open,
 * uploads that were given up, and cycles that run low. For a schedule; it has nothing to say and changes nothing when
 * all is settled.
 */
export async function treasuryWatch(request: TreasuryWatchInput = {}): Promise<TreasuryWatchResult> {
  const { quietSeconds, lowCycles } = checked('treasuryWatch', input, request);
  const tell = narrate('treasury');
  mark({ stage: 'treasury' });
  tell('Looking for escrows whose outcome is known');
  const swept = await treasury.sweep();
  tell(`Settled ${swept.settled.length}, refunded ${swept.refunded.length}`);
  if (!patched('what-was-left')) return swept;

  tell('Looking for what nobody goes on with');
  const left: NonNullable<TreasuryWatchResult['left']> = [];
  for (const leftover of (await watch.leftovers({ quietSeconds })).slice(0, SETTLED_AT_ONCE)) {
    tell(`Settling ${leftover.of}: ${leftover.why}`);
    left.push({ of: leftover.of, why: leftover.why, ...(await watch.settle(leftover)) });
  }

  tell('Collecting uploads that were given up', { left: left.length });
  const rooms = await watch.rooms();
  const objects = await collectObjects(
    (workflowInfo().lastResult as TreasuryWatchResult | undefined)?.objects?.next ?? null,
  );

  const low = await watch.balances({ least: lowCycles });
  tell(ending(swept, left.length, rooms.rooms + (rooms.checkpoints?.jobs ?? 0) + objects.objects + objects.uploads), {
    ...(objects.refused === undefined ? {} : { 'object store': objects.refused }),
    ...Object.fromEntries(
      low.map(({ canister, id, cycles }) => [
        `low on cycles: ${canister} ${id}`,
        `${Number(BigInt(cycles) / 10n ** 9n) / 1000} T`,
      ]),
    ),
  });
  return { ...swept, left, rooms, objects, lowCycles: low };
}

/** An object store that is down, or lets nobody delete, keeps nothing else from being looked after. */
async function collectObjects(after: string | null): Promise<NonNullable<TreasuryWatchResult['objects']>> {
  try {
    return await watch.objects({ after });
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    return { objects: 0, uploads: 0, next: after, refused: error.cause?.message ?? error.message };
  }
}

const ending = ({ settled, refunded }: TreasuryWatchResult, left: number, collected: number): string =>
  `Settled ${settled.length}, refunded ${refunded.length}, ended ${left} things left behind, collected ` +
  `${collected} uploads`;
