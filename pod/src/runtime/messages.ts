import type { Runnable } from '@livepod/runtime';

/**
 * What the pod asks of the process that holds a slot's ONNX session, and what it hears back. Counters alone cross over;
 * motion never does.
 */
export type Order =
  | { do: 'load'; model: string; runnable: Runnable }
  | { do: 'selfTest'; path: string }
  | { do: 'watch'; recordings: string; person: string; windowsPerSecond: number };

export type Answer =
  | { answer: 'loaded' }
  | { answer: 'selfTested'; worst: number }
  | { answer: 'refused'; code: 'modelDoesNotLoad' | 'selfTestDiffers'; message: string }
  | { answer: 'counters'; windows: number; corrections: number; errors: number };
