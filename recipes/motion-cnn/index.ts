import { RecipeError } from '../src/errors.js';
import { tensorflow } from '../src/backend.js';
import { checkArguments, withDefaults, type Arguments, type Hyperparameter } from '../src/hyperparameters.js';
import { decimal } from '../src/metrics.js';
import { exportOnnx, readMetadata, readWeights } from '../src/onnx/export.js';
import type { MotionSchema, Recording } from '../src/schema.js';
import { makeSelfTest, syntheticWindows } from '../src/selftest.js';
import { lengthOf, type View } from '../src/view.js';
import { cutWindows, parseRecording } from '../src/windows.js';
import { modelCard } from './card.js';
import { buildModel, viewOf, STRIDE, WINDOW } from './model.js';
import { FlatAdam } from './optimizer.js';
import recipe from './recipe.json' with { type: 'json' };
import { train, trainOn, type TrainingControl } from './train.js';

export interface RecipeRequest extends TrainingControl {
  recordings: Recording[];
  schema: MotionSchema;
  /** What is not given takes the recipe's default; a job's approval gives all of them. */
  hyperparameters?: Arguments;
  seed: number;
  /** The parent checkpoint's model.onnx, to go on from; its normalisation stays. */
  base?: Uint8Array;
}

export interface RecipeResult {
  files: { 'model.onnx': Uint8Array; 'selftest.json': Uint8Array; 'card.md': Uint8Array };
  /** Decimals as strings. Training's own numbers: how good the model is, an evaluator says. */
  metrics: Record<string, string>;
  backend: string;
}

/**
 * Trains motion-cnn and returns what a checkpoint is made of. Writes nothing but the resume point in `checkpointDir`.
 * @throws RecipeError
 */
export async function runRecipe(request: RecipeRequest): Promise<RecipeResult> {
  const { schema, seed } = request;
  const given = withDefaults(recipe.hyperparameters as Record<string, Hyperparameter>, request.hyperparameters);
  const values = checkArguments(recipe.hyperparameters as Record<string, Hyperparameter>, given) as Record<
    keyof typeof recipe.hyperparameters,
    number
  >;
  const tracks = request.recordings.map((recording) => parseRecording(recording, schema));
  if (request.base) checkBase(request.base, schema, viewOf(values.lookAhead));
  const { tf, notice } = await tensorflow();
  const built = buildModel(tf, schema, { ...values, seed });
  const { view } = built;
  const shape = [lengthOf(view), schema.channels.length];
  try {
    if (request.base) readWeights(tf, built.model, request.base);
    const last = await train(tf, built, tracks, schema, !request.base, { ...values, seed }, request);
    const inputs = syntheticWindows(6, lengthOf(view), schema.channels);
    const outputs = tf.tidy(() =>
      (built.model.predict(tf.tensor(inputs, [6, ...shape])) as { dataSync(): Float32Array }).dataSync(),
    );
    const metadata = metadataOf(schema, view);
    const model = exportOnnx(built.model, { input: 'motion', output: 'probabilities', metadata });
    const windows = cutWindows(tracks, schema, view).count;
    const text = new TextEncoder();
    const loss = decimal(last.loss);
    return {
      files: {
        'model.onnx': model,
        'selftest.json': text.encode(JSON.stringify(makeSelfTest(inputs, Float32Array.from(outputs), view, schema))),
        'card.md': text.encode(
          modelCard({
            version: recipe.version,
            schema,
            view,
            people: new Set(tracks.map(({ person }) => person)).size,
            recordings: tracks.length,
            windows,
            started: request.base ? 'from a parent checkpoint' : 'fresh',
            arguments: given,
            seed,
            backend: notice,
            loss,
          }),
        ),
      },
      metrics: {
        trainingLoss: loss,
        trainingWindows: String(windows),
        windowsPerSecond: last.windowsPerSecond.toFixed(1),
      },
      backend: notice,
    };
  } finally {
    built.model.dispose();
  }
}

function metadataOf(schema: MotionSchema, view: View): Record<string, string> {
  return {
    recipe: `${recipe.name} ${recipe.version}`,
    labels: JSON.stringify(schema.labels),
    channels: JSON.stringify(schema.channels.map(({ name, unit }) => ({ name, unit }))),
    rateMilliHz: String(schema.rateMilliHz),
    window: String(view.size),
    view: JSON.stringify(view),
  };
}

function checkBase(base: Uint8Array, schema: MotionSchema, view: View): void {
  const found = readMetadata(base),
    wanted = metadataOf(schema, view);
  for (const key of ['labels', 'channels', 'view'] as const) {
    if (found[key] !== wanted[key])
      throw new RecipeError(
        'baseMismatch',
        { key, found: found[key] ?? null, wanted: wanted[key] },
        `The base checkpoint has other ${key} than these datasets; start from one with the same, or from none.`,
      );
  }
}

/** One training step on made-up windows, for measuring what it costs. `settle` waits for the last one. */
export async function trainingStep(
  schema: MotionSchema,
  settings: { batch: number; filters: number },
): Promise<{ parameters: number; run(): void; settle(): Promise<void>; dispose(): void }> {
  const { tf } = await tensorflow();
  const built = buildModel(tf, schema, { filters: settings.filters, dropout: 0.2, lookAhead: WINDOW, seed: 1 });
  const rows = lengthOf(built.view);
  const optimizer = new FlatAdam(tf, built.model);
  const labels = schema.labels.length;
  const even = (rows: number) => new Float32Array(rows * labels).fill(1 / labels);
  const batch = {
    count: settings.batch,
    x: syntheticWindows(settings.batch, rows, schema.channels),
    y: even(settings.batch),
    steps: even((settings.batch * rows) / STRIDE),
  };
  let last: { data(): Promise<unknown>; dispose(): void } | undefined;
  return {
    parameters: built.model.countParams(),
    run: () => {
      last?.dispose();
      last = trainOn(tf, built, optimizer, batch, 1e-3);
    },
    settle: async () => {
      await last?.data();
    },
    dispose: () => {
      last?.dispose();
      optimizer.dispose();
      built.model.dispose();
    },
  };
}
