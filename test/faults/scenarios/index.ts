import { intake } from './intake.js';
import { recurring } from './recurring.js';
import { release } from './release.js';
import { review } from './review.js';
import type { Scenario } from './scenario.js';
import { training } from './training.js';
import { watch } from './watch.js';
import { whole } from './whole.js';

/** Every way of every workflow that is tried. */
export const scenarios: readonly Scenario[] = [
  ...intake,
  ...training,
  ...review,
  ...release,
  ...whole,
  ...watch,
  ...recurring,
];
export type { Scenario } from './scenario.js';
