import { MAX_APPROVAL_BYTES, MAX_JOB_DATASETS, MAX_RECIPE_BYTES } from '../limits.js';
import {
  atMost,
  either,
  id,
  integer,
  decimal,
  list,
  literal,
  mapOf,
  nullable,
  object,
  parser,
  principal,
  amount,
  nanoseconds,
  text,
  versions,
  wholeNumber,
  wrong,
  type Of,
} from './shape.js';
import { recipeInput, recipeTask, type RecipeInput, type RecipeTask } from './task.js';

const range = either(
  object({
    kind: literal('integer'),
    min: wholeNumber,
    max: wholeNumber,
    default: wholeNumber,
  }),
  object({ kind: literal('decimal'), min: decimal, max: decimal, default: decimal }),
);
const resources = object({ memoryMiB: integer(1, 2 ** 24), seconds: integer(1, 2 ** 24) });

const declared = {
  name: text(60),
  version: text(20),
  bundle: id,
  hyperparameters: mapOf(range, 64),
  resources,
  outputs: list(text(100), 16, 1),
  purposes: list(text(60), 16, 1),
};
const first = object({ type: literal('livepod.recipe/v1'), ...declared });
const second = object({ type: literal('livepod.recipe/v2'), ...declared, task: recipeTask, input: recipeInput });
const approved = {
  recipe: id,
  arguments: mapOf(either(wholeNumber, decimal), 64),
  seed: integer(0, 0xffff_ffff),
  datasets: list(object({ id, epoch: integer(0, 0xffff_ffff) }), MAX_JOB_DATASETS, 1),
  base: nullable(id),
  resources,
  egress: literal('none'),
  privacy: literal(null),
  provider: principal,
  reward: amount,
  deadline: nanoseconds,
};
const unnamed = object({ type: literal('livepod.approval/v1'), ...approved });
const named = object({ type: literal('livepod.approval/v2'), ...approved, payer: principal, ceiling: amount });

/** What is written today. */
export type RecipeDocument = Of<typeof second>;
/** A recipe of either version; task and input are null where version 1 did not say them. */
export type RecipeManifest = Omit<RecipeDocument, 'type' | 'task' | 'input'> & {
  task: RecipeTask | null;
  input: RecipeInput | null;
};
/** An approval of either version; the second names who pays, and the most that fees and reward may come to. */
export type Approval = Of<typeof unnamed> | Of<typeof named>;
export type HyperparameterRange = Of<typeof range>;

/** What can be trained, and with what. @throws ProtocolError `notCanonical` · `invalidManifest` */
export function parseRecipe(bytes: Uint8Array): RecipeManifest {
  const document = parser(
    versions({ 'livepod.recipe/v1': first, 'livepod.recipe/v2': second }),
    'recipe',
    MAX_RECIPE_BYTES,
  )(bytes);
  for (const [name, { kind, min, max, default: usual }] of Object.entries(document.hyperparameters)) {
    const sound = kind === 'integer' ? min <= usual && usual <= max : atMost(min, usual) && atMost(usual, max);
    if (!sound) wrong(`recipe.hyperparameters.${name}`, 'a range with its default between min and max');
  }
  const { type, ...recipe } = document;
  return type === 'livepod.recipe/v1' ? { ...recipe, task: null, input: null } : (recipe as RecipeManifest);
}

/**
 * Everything that a job will run, in one document; its id is the approval digest that payments, grants and the
 * checkpoint name.
 *
 * @throws ProtocolError `notCanonical` · `invalidManifest` (datasets sorted by id, none twice)
 */
export function parseApproval(bytes: Uint8Array): Approval {
  const document = parser(
    versions({ 'livepod.approval/v1': unnamed, 'livepod.approval/v2': named }),
    'approval',
    MAX_APPROVAL_BYTES,
  )(bytes);
  document.datasets.forEach((dataset, index) => {
    const before = document.datasets[index - 1];
    if (before && before.id >= dataset.id) wrong(`approval.datasets[${index}]`, 'sorted by id, each dataset once');
  });
  return document as Approval;
}
