import type { PodError } from '../errors.js';
import { OwnGate } from '../health/gate.js';
import { NOTHING, type Reported } from '../health/reporter.js';
import type { Trouble } from '../trouble.js';
import type { Counted } from '../state/state.js';
import { noCounters, type Counters, type Reading } from './messages.js';
import type { Runtime } from './runtime.js';

export interface Motion {
  recordings: string;
  person: string;
  windowsPerSecond: number;
}

const noneUntold = () => ({ ...NOTHING, judged: 0, apart: { windows: 0, corrections: 0 } });

/** The model that runs, what it has been seen doing since the switch, and whether it has to be left. */
export class Running {
  readonly gate: OwnGate;
  readonly since = performance.now();
  /** How its process ended, if it did. */
  died: PodError | undefined;
  /** What it answers for; null while there is nothing to read. */
  reading: Reading | null = null;
  private unreported = noneUntold();
  /** What the state file does not have yet. */
  private readonly unkept: Counted = { windows: 0, corrections: 0 };

  /** @param told  hears what is wrong with the person's records, or that it is over */
  constructor(
    readonly runtime: Runtime,
    motion: Motion,
    told: (trouble: Trouble | null) => void,
  ) {
    this.gate = new OwnGate(runtime.correction);
    runtime.on('counters', (counters) => this.count(counters));
    runtime.on('motion', (reading, trouble) => {
      this.reading = reading;
      told(trouble);
    });
    runtime.on('died', (why) => {
      this.died = why;
    });
    runtime.watch(motion.recordings, motion.person, motion.windowsPerSecond);
  }

  /** An answer that the pod's owner asked for; it is judged when its correction comes. */
  answered(): void {
    this.count({ ...noCounters(), windows: 1 });
  }

  /** What the pod's owner said of an answer. */
  judged(corrected: boolean): void {
    const corrections = Number(corrected);
    this.count({ ...noCounters(), judged: 1, corrections, apart: 1, apartCorrections: corrections });
  }

  /** What no report has told yet. */
  get untold(): Reported {
    return { ...this.unreported, apart: { ...this.unreported.apart } };
  }

  /** What was counted since it was asked for last. */
  takeCounted(): Counted {
    const counted = { ...this.unkept };
    Object.assign(this.unkept, { windows: 0, corrections: 0 });
    return counted;
  }

  told(): void {
    this.unreported = noneUntold();
  }

  private count(counters: Counters): void {
    this.gate.add(counters);
    this.unreported.windows += counters.windows;
    this.unreported.judged += counters.judged;
    this.unreported.corrections += counters.corrections;
    this.unreported.errors += counters.errors;
    for (const counted of [this.unreported.apart, this.unkept]) {
      counted.windows += counters.apart;
      counted.corrections += counters.apartCorrections;
    }
  }
}
