import type { PodState } from '../state/state.js';
import { addCounted, ranBefore } from './counted.js';

const state = (): PodState => ({ ran: undefined }) as unknown as PodState;
const slot = (checkpoint: string) => ({ checkpoint, version: 1, release: null });

describe('what a pod remembers of the version that it ran before', () => {
  it('is what was counted of that checkpoint, also over restarts', () => {
    const kept = state();
    addCounted(kept, slot('a'), { windows: 100, corrections: 10 });
    addCounted(kept, slot('a'), { windows: 50, corrections: 5 });
    expect(ranBefore(kept, slot('a'))).toEqual({ windows: 150, corrections: 15 });
  });

  it('is nothing of another checkpoint', () => {
    const kept = state();
    addCounted(kept, slot('a'), { windows: 100, corrections: 10 });
    expect(ranBefore(kept, slot('b'))).toBeUndefined();
    addCounted(kept, slot('b'), { windows: 1, corrections: 1 });
    expect(ranBefore(kept, slot('a'))).toBeUndefined();
  });

  it('lets what is long ago go, and stays a share', () => {
    const kept = state();
    for (let day = 0; day < 30; day++) addCounted(kept, slot('a'), { windows: 80_000, corrections: 8_000 });
    const { windows, corrections } = ranBefore(kept, slot('a'))!;
    expect(windows).toBeLessThanOrEqual(200_000);
    expect(corrections / windows).toBeCloseTo(0.1);
  });
});
