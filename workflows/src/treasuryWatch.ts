import { checked, record } from './guards.js';
import { narrate } from './narration.js';
import { treasury } from './ports.js';
import { mark } from './searchAttributes.js';

const input = record({});

/** Settles or refunds every escrow whose outcome is known. For a schedule; it has nothing to say and changes nothing when all is settled. */
export async function treasuryWatch(request: Record<string, never> = {}): Promise<{ settled: number[]; refunded: number[] }> {
  checked('treasuryWatch', input, request);
  const tell = narrate('treasury');
  mark({ stage: 'treasury' });
  tell('Looking for escrows whose outcome is known');
  const swept = await treasury.sweep();
  tell(`Settled ${swept.settled.length}, refunded ${swept.refunded.length}`);
  return swept;
}
