import { InferenceSession, Tensor } from 'onnxruntime-node';
import { taskOf } from '@livepod/protocol';
import { RuntimeError } from './errors.js';
import { emptyTensors, outputsOf } from './inputs.js';
import { readModel } from './onnx/index.js';
import type { Runnable } from './runnable.js';

/**
 * One thread: the models are small, and a device has better things to do with its other cores. The format is ONNX,
 * whatever the bytes look like; ONNX Runtime would guess.
 */
const SESSION: InferenceSession.SessionOptions = {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  logSeverityLevel: 4,
  extra: { session: { load_model_format: 'ONNX' } },
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
   * @param model  the bytes of its ONNX file
   * @throws RuntimeError `modelRefused` when it is not of the subset that is let through, or not what its manifest
   *   says · `modelDoesNotLoad` when ONNX Runtime refuses it · `inferenceFails` · `outOfMemory`
   */
  static async load(model: Uint8Array, runnable: Runnable): Promise<Model> {
    const { inputs, outputs } = readModel(model, runnable);
    let session: InferenceSession;
    try {
      session = await InferenceSession.create(model, SESSION);
    } catch (cause) {
      throw mapped(cause, 'modelDoesNotLoad', 'ONNX Runtime does not load the model.');
    }
    const tensors = emptyTensors(runnable);
    const answers = new Float32Array(outputsOf(runnable));
    const feeds = inputs.map(({ name, dims }, index) => [name, new Tensor('float32', tensors[index]!, dims)] as const);
    const loaded = new Model(session, runnable, tensors, answers, Object.fromEntries(feeds), {
      [outputs[0]!.name]: new Tensor('float32', answers, [1, answers.length]),
    });
    await loaded.run();
    return loaded;
  }

  /**
   * The numbers the model gives for `tensors`; the array is reused by the next call.
   * @throws RuntimeError `inferenceFails` · `outOfMemory`
   */
  async run(): Promise<Float32Array> {
    try {
      await this.session.run(this.feeds, this.fetches);
    } catch (cause) {
      throw mapped(cause, 'inferenceFails', 'ONNX Runtime does not run the model on this window.');
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
        { output: outputs.findIndex((value) => !Number.isFinite(value)) },
        'The model gives an output that is no finite number, which is no answer.',
      );
    return taskOf(task).answer(task, outputs);
  }

  /**
   * The largest difference from what is expected.
   * @throws RuntimeError `selfTestDiffers` when over the tolerance, or when these are no vectors for this model
   */
  async selfTest(test: SelfTest): Promise<number> {
    const width = this.tensors.reduce((sum, { length }) => sum + length, 0);
    if (!isSelfTest(test, width, this.outputs.length))
      throw new RuntimeError(
        'selfTestDiffers',
        {},
        'The self-test must name windows of the size that the model takes, and an output of its size for each.',
      );
    let worst = 0;
    for (const [index, expected] of test.output.entries()) {
      this.give(test.input[index]!);
      const found = await this.run();
      for (const [place, value] of expected.entries()) worst = Math.max(worst, Math.abs(value - found[place]!));
      if (!(worst <= test.tolerance))
        throw new RuntimeError(
          'selfTestDiffers',
          { index },
          `Self-test ${index} differs by more than is allowed; this machine does not run the model as its author did.`,
        );
    }
    return worst;
  }

  async close(): Promise<void> {
    await this.session.release();
  }

  private give(window: readonly number[]): void {
    let at = 0;
    for (const tensor of this.tensors) tensor.set(window.slice(at, (at += tensor.length)));
  }
}

/** Whether these are numbers in the right places, whoever wrote them. */
function isSelfTest(test: SelfTest, width: number, outputs: number): boolean {
  const rows = (list: unknown, length: number): boolean =>
    Array.isArray(list) &&
    list.length > 0 &&
    list.every((row) => Array.isArray(row) && row.length === length && row.every(Number.isFinite));
  return (
    test !== null &&
    typeof test === 'object' &&
    rows(test.input, width) &&
    rows(test.output, outputs) &&
    test.input.length === test.output.length &&
    Number.isFinite(test.tolerance)
  );
}

/** What ONNX Runtime and the C++ library say when memory lacks. */
const OUT_OF_MEMORY = /bad_?alloc|allocate memory|out of memory/i;

/**
 * An error of ONNX Runtime as one of ours. Its own words stay out, and it is no `cause`: they quote names out of the
 * model, values of tensors, and paths of this machine.
 */
function mapped(error: unknown, code: 'modelDoesNotLoad' | 'inferenceFails', message: string): RuntimeError {
  return error instanceof Error && OUT_OF_MEMORY.test(error.message)
    ? new RuntimeError('outOfMemory', {}, 'This machine has no memory for the model.')
    : new RuntimeError(code, {}, message);
}
