import type { Plan } from '@livepod/protocol';

/** How the story's releases reach its six pods: in seconds. The product's own default takes days. */
export const FAST_PLAN: Plan = {
  waves: [1, 3, 6],
  soakSeconds: 6,
  gate: { minWindows: 80, maxCorrectionPermille: 350, maxErrors: 0 },
  skippableSoak: true,
};
