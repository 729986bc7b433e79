import type { Measured } from '@livepod/protocol/tasks';

/** What the evaluator signed: the figures of the checkpoint's task. */
export interface Measurement extends Measured {
  /** The checkpoint's page, where there is one. */
  link?: string;
}

/** Runs with the evaluator's own identity and hold-out people. */
export interface EvaluationPort {
  /** Downloads the checkpoint, measures it, signs and submits the evaluation. A repeat measures the same. */
  measure(request: { checkpoint: string }): Promise<Measurement>;
}
