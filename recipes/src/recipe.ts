import type { InputContract, RecipeInput, RecipeTask, TaskDescription } from '@livepod/protocol';
import type { Arguments, Hyperparameter } from './hyperparameters.js';
import type { DataSchema, Recording } from './schema.js';
import type { SelfTest } from './selftest.js';

/** What a recipe says of itself before it runs, and what the DAO approves: most often its folder's `recipe.json`. */
export interface RecipeDeclaration {
  name: string;
  version: string;
  task: RecipeTask;
  input: RecipeInput;
  outputs: string[];
  purposes: string[];
  hyperparameters: Record<string, Hyperparameter>;
  resources: { memoryMiB: number; seconds: number };
}

export interface Progress {
  epoch: number;
  epochs: number;
  /** Mean loss of the epoch. */
  loss: number;
  windowsPerSecond: number;
}

export interface TrainingControl {
  onEpoch?: (progress: Progress) => void | Promise<void>;
  signal?: AbortSignal;
  /** Where the resume point lies: the caller's, memory-backed, and wiped by the caller. */
  checkpointDir?: string;
}

/** What a recipe is given: recordings, how they are to be read, and checked arguments. */
export interface Job {
  recordings: Recording[];
  schema: DataSchema;
  /** The recipe's own task and input, on this schema. */
  task: TaskDescription;
  input: InputContract;
  /** Every hyper-parameter, within its range. */
  values: Record<string, number>;
  /** The same as they are written. */
  given: Arguments;
  seed: number;
  /** The parent checkpoint's model.onnx, to go on from; its normalisation stays. */
  base?: Uint8Array;
}

/**
 * One way to train. A `Session` is one training: what `prepare` reads and builds, `train` works on, and the others
 * write down. Writes nothing but the resume point in `checkpointDir`.
 */
export interface Recipe<Session extends { dispose(): void } = { dispose(): void }> {
  declaration: RecipeDeclaration;
  /** Reads recordings and builds the network. @throws RecipeError */
  prepare(job: Job): Promise<Session>;
  /**
   * Trains, from the last whole epoch where a resume point of the same training lies in `checkpointDir`.
   * @returns training's own numbers: how good the model is, an evaluator says. Decimals as strings
   * @throws RecipeError `noWindows` · `diverged` · `cancelled`
   */
  train(session: Session, control: TrainingControl): Promise<Record<string, string>>;
  /** The trained model as ONNX (opset 17). */
  export(session: Session): Uint8Array;
  /** Made-up windows with the outputs that TensorFlow gave; no person's data. */
  selfTest(session: Session): SelfTest;
  /** The model card, in Markdown: counts and settings, nothing about any one person. */
  card(session: Session): string;
  /** What it ran on, in one line. */
  backend(session: Session): string;
}
