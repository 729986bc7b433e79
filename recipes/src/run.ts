import { contractOf } from '@livepod/protocol';
import { RecipeError } from './errors.js';
import { checkArguments, withDefaults, type Arguments } from './hyperparameters.js';
import type { Job, Recipe, TrainingControl } from './recipe.js';

export interface RecipeRequest extends TrainingControl, Pick<Job, 'recordings' | 'schema' | 'seed' | 'base'> {
  /** What is not given takes the recipe's default; a job's approval gives all of them. */
  hyperparameters?: Arguments;
}

export interface RecipeResult {
  files: { 'model.onnx': Uint8Array; 'selftest.json': Uint8Array; 'card.md': Uint8Array };
  /** Decimals as strings. Training's own numbers: how good the model is, an evaluator says. */
  metrics: Record<string, string>;
  backend: string;
}

/** Trains a recipe and returns what a checkpoint is made of. @throws RecipeError · RuntimeError */
export async function run<S extends { dispose(): void }>(
  recipe: Recipe<S>,
  request: RecipeRequest,
): Promise<RecipeResult> {
  const { declaration } = recipe;
  const { recordings, schema, seed, base } = request;
  const given = withDefaults(declaration.hyperparameters, request.hyperparameters);
  const values = checkArguments(declaration.hyperparameters, given);
  const contract = contractOf(declaration, schema);
  if (!contract) {
    const has = schema.channels.map(({ name }) => name).join(', ');
    throw new RecipeError(
      'unsuitableSchema',
      { recipe: declaration.name, channels: has },
      `The datasets have ${has}, which is not all that ${declaration.name} needs; train it on others.`,
    );
  }
  const session = await recipe.prepare({
    recordings,
    schema,
    ...contract,
    values,
    given,
    seed,
    ...(base ? { base } : {}),
  });
  try {
    const metrics = await recipe.train(session, request);
    const text = new TextEncoder();
    return {
      files: {
        'model.onnx': recipe.export(session),
        'selftest.json': text.encode(JSON.stringify(recipe.selfTest(session))),
        'card.md': text.encode(recipe.card(session)),
      },
      metrics,
      backend: recipe.backend(session),
    };
  } finally {
    session.dispose();
  }
}
