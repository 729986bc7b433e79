import { InferenceSession, Tensor } from 'onnxruntime-node';
import { taskOf, type CheckpointManifest } from '@livepod/protocol';
import { RuntimeError } from './errors.js';
import { emptyTensors, outputsOf } from './inputs.js';

/** What a model needs to be run: the parts of its checkpoint's manifest that say so. */
export type Runnable = Pick<CheckpointManifest, 'task' | 'input'> & {
  runtime: Pick<CheckpointManifest['runtime'], 'outputs'>;
};

/**
 * Self-test vectors (livepod.selftest/v1 and v2): what a model is given, a contract's tensors flat and after one
 * another, what the provider's gave for it, and how far ours may differ.
 */
export interface SelfTest {
  input: number[][];
  output: number[][];
  tolerance: number;
}

/**
 * A loaded model, one window at a time: in the trainer's check, the evaluator and the pod, so that what was measured is
 * what runs. Tensors are made once and reused, so that a window costs what bare ONNX Runtime costs.
 */
export class Model {
  private constructor(
    private readonly session: InferenceSession,
    readonly runnable: Runnable,
    /** What the next answer is for; written by the caller. */
    readonly tensors: readonly Float32Array[],
    /** What the last run gave; the next one overwrites it. */
    readonly outputs: Float32Array,
    private readonly feeds: Record<string, Tensor>,
    private readonly fetches: Record<string, Tensor>,
  ) {}

  /**
   * @param model  path of the ONNX file, or its bytes
   * @throws RuntimeError `modelDoesNotLoad` when ONNX Runtime refuses it, or its tensors are not those of the manifest
   */
  static async load(model: string | Uint8Array, runnable: Runnable): Promise<Model> {
    try {
      // One thread: the models are small, and a pod has better things to do with its other cores.
      const options = { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 } as const;
      const session =
        typeof model === 'string'
          ? await InferenceSession.create(model, options)
          : await InferenceSession.create(model, options);
      const tensors = emptyTensors(runnable);
      const outputs = new Float32Array(outputsOf(runnable));
      const feeds = runnable.input.tensors.map(({ name, shape }, index): [string, Tensor] => [
        nameOf(session.inputNames, name, index, 'input'),
        new Tensor('float32', tensors[index]!, [1, ...shape]),
      ]);
      if (feeds.length !== session.inputNames.length)
        throw new Error(`it takes ${session.inputNames.join(', ')}, and its manifest names ${feeds.length} inputs`);
      const output = nameOf(session.outputNames, runnable.runtime.outputs[0]!.name, 0, 'output');
      const loaded = new Model(session, runnable, tensors, outputs, Object.fromEntries(feeds), {
        [output]: new Tensor('float32', outputs, [1, outputs.length]),
      });
      await loaded.run();
      return loaded;
    } catch (cause) {
      const { message } = cause as Error;
      if (isOutOfMemory(cause)) throw outOfMemory(message, cause);
      throw new RuntimeError(
        'modelDoesNotLoad',
        { model: 'model.onnx' },
        `ONNX Runtime does not load the model: ${message}`,
        { cause },
      );
    }
  }

  /**
   * The numbers the model gives for `tensors`; the array is reused by the next call.
   * @throws RuntimeError `inferenceFails` · `outOfMemory`
   */
  async run(): Promise<Float32Array> {
    try {
      await this.session.run(this.feeds, this.fetches);
    } catch (cause) {
      const { message } = cause as Error;
      if (isOutOfMemory(cause)) throw outOfMemory(message, cause);
      throw new RuntimeError('inferenceFails', {}, `ONNX Runtime does not run the model: ${message}`, { cause });
    }
    return this.outputs;
  }

  /**
   * What the model says of `tensors`: a label's number, or a value.
   * @throws RuntimeError `outputNotFinite`: such an output says nothing, least of all the first label
   */
  async answer(): Promise<number> {
    const { task } = this.runnable;
    const outputs = await this.run();
    if (!outputs.every(Number.isFinite))
      throw new RuntimeError(
        'outputNotFinite',
        { outputs: [...outputs].map(String) },
        `The model answers with ${outputs.find((value) => !Number.isFinite(value))}, which is no answer.`,
      );
    return taskOf(task).answer(task, outputs);
  }

  /** The largest difference from what is expected. @throws RuntimeError `selfTestDiffers` when over the tolerance */
  async selfTest({ input, output, tolerance }: SelfTest): Promise<number> {
    let worst = 0;
    if (!Array.isArray(input) || !Array.isArray(output) || input.length === 0 || input.length !== output.length) {
      throw new RuntimeError(
        'selfTestDiffers',
        {},
        'The self-test names no windows, or not an output for each; a checkpoint must bring some.',
      );
    }
    for (const [index, expected] of output.entries()) {
      this.give(input[index]!, index);
      const found = await this.run();
      if (expected.length !== found.length)
        throw new RuntimeError(
          'selfTestDiffers',
          { index },
          `Self-test ${index} expects ${expected.length} outputs, the model gives ${found.length}.`,
        );
      for (const [place, value] of expected.entries()) worst = Math.max(worst, Math.abs(value - found[place]!));
      if (!(worst <= tolerance))
        throw new RuntimeError(
          'selfTestDiffers',
          { index, worst },
          `Self-test ${index} differs by ${worst.toExponential(2)}, allowed are ${tolerance}; this machine ` +
            'does not run the model as its provider did.',
        );
    }
    return worst;
  }

  async close(): Promise<void> {
    await this.session.release();
  }

  private give(input: readonly number[], index: number): void {
    const expected = this.tensors.reduce((sum, { length }) => sum + length, 0);
    if (input.length !== expected)
      throw new RuntimeError(
        'selfTestDiffers',
        { index },
        `Self-test ${index} gives ${input.length} numbers, the model takes ${expected}.`,
      );
    let at = 0;
    for (const tensor of this.tensors) tensor.set(input.slice(at, (at += tensor.length)));
  }
}

/** As ONNX Runtime and the C++ library say it. */
const isOutOfMemory = (error: unknown): boolean =>
  error instanceof RuntimeError
    ? error.code === 'outOfMemory'
    : /bad_?alloc|allocate memory|out of memory/i.test((error as Error).message);

const outOfMemory = (message: string, cause: unknown): RuntimeError =>
  new RuntimeError('outOfMemory', {}, `This machine has no memory for the model: ${message}`, { cause });

/** The model's own name of a tensor, which is the manifest's where that gives one. */
function nameOf(names: readonly string[], wanted: string | null, index: number, kind: 'input' | 'output'): string {
  const name = wanted === null ? names[index] : names.find((known) => known === wanted);
  if (name === undefined) throw new Error(`it has no ${kind} ${wanted ?? index}; it has ${names.join(', ')}`);
  return name;
}
