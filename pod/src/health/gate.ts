import { PodError } from '../errors.js';
import { noCounters, addTo, type Counters } from '../runtime/messages.js';

/**
 * The pod's own gate, beside the fleet's: when a new model is corrected this often, the pod goes back without being
 * told. `batch`: judged windows that share no sample with one another.
 */
export const OWN_GATE = { batch: 60, maxCorrections: 0.6 };

/**
 * Counts since the switch to the present model, and what the pod makes of them. Corrections are judged once for each
 * batch of windows that do not overlap: judging at each report, on windows that share samples, would find a bad one by
 * chance. A window of which nothing true is known says nothing.
 */
export class OwnGate {
  readonly seen: Counters = noCounters();
  private batch = { windows: 0, corrections: 0 };
  private failed: PodError | undefined;

  /** @param correction  what a correction is, as the task says it: "its person corrected" */
  constructor(private readonly correction: string) {}

  add(counters: Counters): void {
    addTo(this.seen, counters);
    this.batch.windows += counters.apart;
    this.batch.corrections += counters.apartCorrections;
    if (this.batch.windows < OWN_GATE.batch) return;
    const { windows, corrections } = this.batch;
    if (corrections / windows > OWN_GATE.maxCorrections)
      this.failed ??= new PodError(
        'corrected',
        { corrections, windows },
        `${this.correction} ${corrections} of ${windows} windows`,
      );
    this.batch = { windows: 0, corrections: 0 };
  }

  /** Why the model is to be left, if it is: its own error, or how often it was corrected. */
  verdict(): PodError | undefined {
    const { errors, failure } = this.seen;
    if (!failure) return this.failed;
    return new PodError(failure.code, { errors }, `the model failed on ${errors} windows: ${failure.message}`);
  }
}
