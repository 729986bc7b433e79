import type { DatasetSchema } from './dataset.js';
import { decimal, either, integer, list, literal, nullable, object, text, type Of, type Shape } from './shape.js';
import type { TaskDescription } from '../tasks/index.js';

export const channel = object({ name: text(40), unit: text(20) });
const labels = list(text(40), 64, 1);
const target = object({ name: text(40), unit: text(20), tolerance: decimal });
const name = text(40, /^[A-Za-z0-9_]+$/, 'a name of letters, digits and underscore');
const modality = text(40);
const type = literal('float32');
const shape = list(integer(1, 1_000_000), 8, 1);

/** What a model's numbers mean. */
export const taskDescription: Shape<TaskDescription> = either(
  object({ kind: literal('classification'), labels }),
  object({ kind: literal('regression'), target }),
);

/**
 * Which samples of a recording make one window, at the schema's rate: the answer is for `judged` of them, the model
 * also sees `before` and `after`, and the next window begins `step` later.
 */
export const windowing = object({
  before: integer(0, 1_000_000),
  judged: integer(1, 1_000_000),
  after: integer(0, 1_000_000),
  step: integer(1, 1_000_000),
});

/** One tensor a model takes or gives; its shape is without the batch. */
export const tensor = object({ name, type, shape });

/**
 * How a modality's records become a model's tensors: each is [samples of the window, channels], raw values of the named
 * channels, row by row.
 */
export const inputContract = object({
  modality,
  rateMilliHz: integer(1, 1_000_000_000),
  window: windowing,
  tensors: list(object({ name, type, shape, channels: list(channel, 64, 1) }), 8, 1),
});

/** What a recipe says of its task and its input before it knows a dataset. */
export const recipeTask = either(
  object({ kind: literal('classification') }),
  object({ kind: literal('regression'), target }),
);
export const recipeInput = object({
  modality,
  window: windowing,
  /** Null: all channels of the datasets' schema. */
  tensors: list(object({ name, type, channels: nullable(list(text(40), 64, 1)) }), 8, 1),
});

export type InputContract = Of<typeof inputContract>;
export type TensorSpec = Of<typeof tensor>;
export type Windowing = Of<typeof windowing>;
export type RecipeTask = Of<typeof recipeTask>;
export type RecipeInput = Of<typeof recipeInput>;

export const windowLength = ({ before, judged, after }: Windowing): number => before + judged + after;

/**
 * What a recipe's task and input are on datasets of one schema: what a checkpoint trained on them declares.
 * @returns undefined where the schema lacks a channel that the recipe names
 */
export function contractOf(
  recipe: { task: RecipeTask; input: RecipeInput },
  schema: Pick<DatasetSchema, 'channels' | 'labels' | 'rateMilliHz'>,
): { task: TaskDescription; input: InputContract } | undefined {
  const named = (name: string) => schema.channels.find((channel) => channel.name === name);
  const { task, input } = recipe;
  if (task.kind === 'regression' && !named(task.target.name)) return undefined;
  const tensors: InputContract['tensors'] = [];
  for (const { name, type, channels } of input.tensors) {
    const found = channels === null ? schema.channels : channels.map(named);
    const known = found.filter((channel) => channel !== undefined);
    if (known.length < found.length) return undefined;
    tensors.push({ name, type, shape: [windowLength(input.window), known.length], channels: known });
  }
  return {
    task: task.kind === 'classification' ? { kind: task.kind, labels: [...schema.labels] } : task,
    input: { modality: input.modality, rateMilliHz: schema.rateMilliHz, window: input.window, tensors },
  };
}
