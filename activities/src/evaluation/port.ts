/** Shares of one, as decimal text: "0.951". */
export interface Measurement {
  people: number;
  windows: number;
  accuracy: string;
  macroF1: string;
  worstPerson: string;
  /** The parent's accuracy on the same people, or null for a first checkpoint. */
  parentAccuracy: string | null;
  /** The checkpoint's page, where there is one. */
  link?: string;
}

/** Runs with the evaluator's own identity and hold-out people. */
export interface EvaluationPort {
  /** Downloads the checkpoint, measures it, signs and submits the evaluation. A repeat measures the same. */
  measure(request: { checkpoint: string }): Promise<Measurement>;
}
