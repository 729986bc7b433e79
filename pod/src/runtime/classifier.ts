import { InferenceSession, Tensor } from 'onnxruntime-node';
import { readFileSync } from 'node:fs';
import { plain, type View } from '@livepod/recipes/view';
import { PodError } from '../errors.js';

/**
 * Self-test vectors (livepod.selftest/v1): windows, flat, the probabilities the provider's model gave for them, and how
 * far ours may differ.
 */
export interface SelfTest {
  input: number[][];
  output: number[][];
  tolerance: number;
  /** Which of a window's samples the answer is about; where none is named, all of them. */
  view?: View;
}

/**
 * A loaded model. Input and output tensors are made once and reused, so that a window costs what bare ONNX Runtime
 * costs.
 */
export class Classifier {
  private constructor(
    private readonly session: InferenceSession,
    readonly labels: readonly string[],
    private readonly feeds: Record<string, Tensor>,
    private readonly fetches: Record<string, Tensor>,
    private readonly window: Float32Array,
    private readonly scores: Float32Array,
    /** What of a recording a window shows, as the self-test says. */
    public view: View,
  ) {}

  /**
   * @param model  path of the ONNX file
   * @param input  shape of one window with its context, e.g. [300, 6]
   * @throws PodError `modelDoesNotLoad` when ONNX Runtime refuses it, or its shapes are not those of the manifest
   */
  static async load(model: string, labels: readonly string[], input: readonly number[]): Promise<Classifier> {
    try {
      // One thread: the models are small, and a pod has better things to do with its other cores.
      const session = await InferenceSession.create(model, {
        intraOpNumThreads: 1,
        interOpNumThreads: 1,
        logSeverityLevel: 3,
      });
      const inputName = session.inputNames[0];
      const outputName = session.outputNames[0];
      if (!inputName || !outputName) throw new Error('it has no input or no output');
      const window = new Float32Array(input.reduce((product, size) => product * size, 1));
      const scores = new Float32Array(labels.length);
      const classifier = new Classifier(
        session,
        labels,
        { [inputName]: new Tensor('float32', window, [1, ...input]) },
        { [outputName]: new Tensor('float32', scores, [1, labels.length]) },
        window,
        scores,
        plain(input[0] ?? 0),
      );
      await classifier.scoresOf(window);
      return classifier;
    } catch (cause) {
      throw new PodError(
        'modelDoesNotLoad',
        { model: 'model.onnx' },
        `ONNX Runtime does not load the model: ${(cause as Error).message}`,
        { cause },
      );
    }
  }

  /** The label of one window of raw samples, flat, in the manifest's order. */
  async classify(samples: Float32Array): Promise<string> {
    const scores = await this.scoresOf(samples);
    let best = 0;
    for (let index = 1; index < scores.length; index += 1)
      if ((scores[index] as number) > (scores[best] as number)) best = index;
    return this.labels[best] as string;
  }

  /** Class probabilities; the array is reused by the next call. */
  async scoresOf(samples: Float32Array): Promise<Float32Array> {
    if (samples !== this.window) this.window.set(samples);
    await this.session.run(this.feeds, this.fetches);
    return this.scores;
  }

  /**
   * The largest difference from the expected outputs. @throws PodError `selfTestDiffers` when it is over the tolerance
   */
  async selfTest(path: string): Promise<number> {
    const { input, output, tolerance, view } = JSON.parse(readFileSync(path, 'utf8')) as SelfTest;
    let worst = 0;
    if (!Array.isArray(input) || !Array.isArray(output) || input.length === 0 || input.length !== output.length) {
      throw new PodError(
        'selfTestDiffers',
        {},
        'The self-test names no windows, or not an output for each; a checkpoint must bring some.',
      );
    }
    for (const [index, expected] of output.entries()) {
      const scores = await this.scoresOf(Float32Array.from(input[index] as number[]));
      if (expected.length !== scores.length)
        throw new PodError(
          'selfTestDiffers',
          { index },
          `Self-test ${index} expects ${expected.length} outputs, the model gives ${scores.length}.`,
        );
      for (const [place, value] of expected.entries())
        worst = Math.max(worst, Math.abs(value - (scores[place] as number)));
      if (!(worst <= tolerance))
        throw new PodError(
          'selfTestDiffers',
          { index, worst },
          `Self-test ${index} differs by ${worst.toExponential(2)}, allowed are ${tolerance}; this machine ` +
            'does not run the model as its provider did.',
        );
    }
    if (view) this.view = view;
    return worst;
  }
}
