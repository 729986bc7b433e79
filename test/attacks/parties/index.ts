import { PARTIES, type Attack, type Party } from '../attack.js';
import { checkpoint } from './checkpoint.js';
import { contributor } from './contributor.js';
import { evaluator } from './evaluator.js';
import { methods } from './methods.js';
import { mirror } from './mirror.js';
import { objects } from './objects.js';
import { orchestrator } from './orchestrator.js';
import { pod } from './pod.js';
import { provider } from './provider.js';
import { recipe } from './recipe.js';
import { replica } from './replica.js';
import { stranger } from './stranger.js';
import { temporal } from './temporal.js';

const all: Attack[] = [
  ...methods,
  ...stranger,
  ...orchestrator,
  ...temporal,
  ...objects,
  ...mirror,
  ...replica,
  ...contributor,
  ...provider,
  ...recipe,
  ...checkpoint,
  ...evaluator,
  ...pod,
];

/** All attacks, by party in the order of the table. */
export const attacks: Attack[] = (Object.keys(PARTIES) as Party[]).flatMap((party) =>
  all.filter((attack) => attack.party === party),
);
