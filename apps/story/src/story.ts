import type { Chapter } from './chapters/chapter.js';
import { carelessContribution, firstContributions, secondContributions } from './chapters/contributions.js';
import { dao } from './chapters/dao.js';
import { forOperators } from './chapters/operators.js';
import { firstRound, rollbacks, secondRound, thirdRound } from './chapters/rounds.js';

/** The whole lifecycle, in the order in which it is told. */
export const story: Chapter[] = [
  dao,
  firstContributions,
  firstRound,
  secondContributions,
  secondRound,
  carelessContribution,
  thirdRound,
  rollbacks,
  forOperators,
];
