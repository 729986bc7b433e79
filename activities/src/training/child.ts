/** The process that a recipe runs in. Knows the files it was given and nothing else; ends when its parent does. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { RecipeRequest, RecipeResult } from '@livepod/recipes';
import type { RecipeMessage, RecipeOrder } from './recipeProcess.js';

/** What a bundle exports. */
type RunRecipe = (request: RecipeRequest) => Promise<RecipeResult>;

const KNOWN: ReadonlySet<unknown> = new Set(['RecipeError', 'RuntimeError']);

process.on('disconnect', () => process.exit(1));

process.once('message', (order: RecipeOrder) => {
  run(order).catch((error: unknown) => {
    const code = (error as { code?: unknown }).code;
    const known = typeof code === 'string' && KNOWN.has((error as Error).name);
    tell(
      known
        ? { kind: 'failed', code, message: (error as Error).message }
        : { kind: 'failed', code: (error as Error).name, message: 'an error that the recipe does not name' },
    );
  });
});

async function run(order: RecipeOrder): Promise<void> {
  await Promise.all([mkdir(order.epochs, { recursive: true, mode: 0o700 }), mkdir(order.outputs, { recursive: true })]);
  const code = join(order.epochs, 'recipe.mjs');
  await writeFile(code, order.code);
  const { runRecipe } = (await import(pathToFileURL(code).href)) as { runRecipe: RunRecipe };
  const recordings = await Promise.all(
    order.recordings.map(async ({ name, person, path }) => ({ name, person, bytes: await readFile(path) })),
  );
  const { files, metrics, backend } = await runRecipe({
    recordings,
    schema: order.schema as RecipeRequest['schema'],
    hyperparameters: order.hyperparameters,
    seed: order.seed,
    ...(order.base === null ? {} : { base: new Uint8Array(await readFile(order.base)) }),
    checkpointDir: order.epochs,
    onEpoch: (epoch) => tell({ kind: 'epoch', epoch }),
  });
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(order.outputs, name), bytes);
  // Written last, in one step: its presence says that the files are whole.
  await writeFile(join(order.outputs, 'result.new'), JSON.stringify({ metrics, backend }));
  await rename(join(order.outputs, 'result.new'), join(order.outputs, 'result.json'));
  tell({ kind: 'done', metrics, backend });
}

function tell(message: RecipeMessage): void {
  process.send?.(message);
}
