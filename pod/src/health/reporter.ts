import { CodedError, failureOf, type DeviceFault } from '@livepod/protocol';
import { reasonOf } from '../errors.js';
import { onlyCodes } from './failure.js';
import type { Log } from '../log.js';
import type { Installed, PodState, Report, StateFile } from '../state/state.js';

/** The one thing a pod tells the fleet canister: counters of a release. Sent in the order they were made. */
export interface Fleet {
  report(report: Report): Promise<void>;
}

/** Refusals that will not change by trying again: the release is over, or this pod is not in it. */
const FINAL = new Set(['closed', 'notExposed', 'notFound', 'invalid', 'notAuthorized']);

/** What a report counts. */
export type Reported = Pick<Report, 'windows' | 'judged' | 'corrections' | 'errors' | 'apart'>;
export const NOTHING: Reported = { windows: 0, judged: 0, corrections: 0, errors: 0 };

/**
 * Puts a report into the state that is being written, so that it is kept together with what it tells of. What came as
 * the channel's stable checkpoint is in no release, and nobody is told of it.
 */
export function queue(
  state: PodState,
  about: Installed,
  event: Report['event'],
  counts: Reported & Pick<Report, 'before'>,
): void {
  if (about.release === null) return;
  const { release, version } = about;
  state.reports.waiting.push({ release, version, event, ...counts, sequence: state.reports.next });
  state.reports.next += 1;
}

/**
 * Keeps reports until the canister has them. Each has a number of its own that is kept with it before it is sent, so
 * that a repeat after a power cut counts once.
 */
export class Reporter {
  private sending = false;
  /** Faults of the device that the fleet has heard of, by release. */
  private readonly deviceFaults = new Set<string>();

  constructor(
    private readonly state: StateFile,
    private readonly fleet: Fleet,
    private readonly log: Log,
  ) {}

  /** Sends what waits; stops at the first network failure and leaves the rest for the next call. */
  async send(): Promise<void> {
    if (this.sending) return;
    this.sending = true;
    try {
      for (let report = this.state.value.reports.waiting[0]; report; report = this.state.value.reports.waiting[0]) {
        await this.deliver(report);
        this.state.change((state) => void state.reports.waiting.shift());
      }
    } catch (error) {
      this.log('report waits', { why: reasonOf(error) });
    } finally {
      this.sending = false;
    }
  }

  /**
   * Tells of a fault of the device's own while a release is to reach it: once, and from memory, since a full disk keeps
   * no reports. It counts against nobody.
   */
  async tellDeviceFault({ release, version }: Installed, fault: DeviceFault): Promise<void> {
    const what = `${release} ${fault}`;
    if (release === null || this.deviceFaults.has(what)) return;
    const sequence = this.state.value.reports.next;
    try {
      await this.deliver({ release, version, sequence, event: { failed: failureOf(fault) }, ...NOTHING });
      this.deviceFaults.add(what);
    } catch (error) {
      this.log('report waits', { why: reasonOf(error) });
    }
  }

  private async deliver(report: Report): Promise<void> {
    try {
      await this.fleet.report({ ...report, event: inCodes(report.event) });
    } catch (error) {
      if (!(error instanceof CodedError && FINAL.has(error.code))) throw error;
      this.log('report refused', { release: report.release, code: error.code, why: error.message });
    }
  }
}

function inCodes(event: Report['event']): Report['event'] {
  if ('failed' in event) return { failed: onlyCodes(event.failed) };
  if ('returned' in event) return { returned: onlyCodes(event.returned) };
  return event;
}
