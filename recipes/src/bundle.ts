import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { canonicalJson, type RecipeDocument } from '@livepod/protocol';
import { build } from 'esbuild';
import { recipeByName } from './recipes.js';

export interface Bundle {
  bytes: Uint8Array;
  /** Hex. The recipe document's `bundle` is `sha256:` and this. */
  sha256: string;
}

const ROOT = new URL('../', import.meta.url);

/** What a bundle leaves outside: TensorFlow, whose native parts differ by machine, is named by version instead. */
const OUTSIDE = [
  '@tensorflow/tfjs',
  '@tensorflow/tfjs-node',
  '@tensorflow/tfjs-node-gpu',
  '@tensorflow/tfjs-backend-wasm',
];

/**
 * One canonical document that covers a recipe: its declaration, its code as one ES module with everything it imports
 * (project code and npm packages), and the versions of TensorFlow.js it runs on. Not covered: TensorFlow's own code,
 * Node.js, the machine. The same sources give the same bytes on every machine.
 *
 * @throws RecipeError `unknownRecipe`
 */
export async function bundleRecipe(name: string): Promise<Bundle> {
  const recipe = recipeByName(name);
  const result = await build({
    // What a provider's child process calls: this recipe alone, so that no other one changes its bundle.
    stdin: {
      contents:
        `import { recipe } from './${name}/index.ts'; import { run } from './src/run.ts';` +
        'export const runRecipe = (request) => run(recipe, request);',
      resolveDir: fileURLToPath(ROOT),
      loader: 'ts',
    },
    absWorkingDir: fileURLToPath(ROOT),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: OUTSIDE,
    write: false,
    legalComments: 'none',
    sourcemap: false,
    charset: 'utf8',
    minifyWhitespace: true,
    banner: {
      js: 'import{createRequire as __createRequire}from"node:module";const require=__createRequire(import.meta.url);',
    },
  });
  const { optionalDependencies, dependencies } = JSON.parse(
    await readFile(new URL('package.json', ROOT), 'utf8'),
  ) as Record<string, Record<string, string>>;
  const outside = Object.fromEntries(
    OUTSIDE.map((dependency) => [dependency, { ...dependencies, ...optionalDependencies }[dependency]!]),
  );
  const bytes = canonicalJson({
    type: 'livepod.bundle/v1',
    name,
    version: recipe.declaration.version,
    declaration: recipe.declaration as never,
    outside,
    files: {
      'recipe.mjs': result.outputFiles[0]!.text.replaceAll(
        /[\u0080-\uffff]/g,
        (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
      ),
    },
  });
  return { bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
}

/**
 * The code inside a bundle, to be written to a file and run in a sandbox; set `LIVEPOD_MODULES` to where TensorFlow.js
 * is installed.
 */
export function bundledCode(bytes: Uint8Array): string {
  return (JSON.parse(new TextDecoder().decode(bytes)) as { files: Record<string, string> }).files['recipe.mjs']!;
}

/** The default for `LIVEPOD_MODULES`: this package, beside whose node_modules TensorFlow.js is installed. */
export const modulesHere = createRequire(import.meta.url).resolve('../package.json');

/** The document that access.submit_recipe takes (livepod.recipe/v2); the recipe's id is its documentId. */
export async function recipeDocument(name: string): Promise<Uint8Array> {
  const { declaration } = recipeByName(name);
  const { sha256 } = await bundleRecipe(name);
  const { version, task, input, hyperparameters, resources, outputs, purposes } = declaration;
  const document: RecipeDocument = {
    type: 'livepod.recipe/v2',
    name,
    version,
    bundle: `sha256:${sha256}`,
    task,
    input,
    hyperparameters,
    resources,
    outputs,
    purposes,
  };
  return canonicalJson(document);
}
