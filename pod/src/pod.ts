import { join } from 'node:path';
import { originOf, type Channel } from '@livepod/protocol';
import { BUILT_AT } from './built.js';
import { OwnClock } from './clock.js';
import { PodError } from './errors.js';
import { hear } from './following/hear.js';
import { candidateFor, isWithdrawn, stableOf, wantedBy } from './following/wanted.js';
import { deviceFaultOfCode } from './health/failure.js';
import { Reporter, type Fleet } from './health/reporter.js';
import type { Log } from './log.js';
import type { Motion, Running } from './runtime/running.js';
import { Switch } from './slots/switch.js';
import { KeptFloor } from './state/floor.js';
import { lock } from './state/lock.js';
import { StateFile, type Installed } from './state/state.js';
import { statusOf } from './status.js';
import { Troubles, troubleOf, type Topic, type Trouble } from './trouble.js';
import type { Fetcher } from './updates/fetcher.js';
import { Trust } from './updates/trust.js';

export interface PodOptions {
  /** the pod's principal, bytes */
  principal: Uint8Array;
  name: string;
  channel: string;
  /** everything the pod keeps is in here; one pod holds it at a time */
  directory: string;
  shippedRoot: Buffer;
  fetcher: Fetcher;
  fleet: Fleet;
  /** where its person's motion comes from */
  motion: Motion;
  log: Log;
  now?: () => Date;
  /** the Internet Computer's certified time, milliseconds since the epoch */
  networkTime?: () => Promise<number>;
  /** when this program was built, milliseconds since the epoch */
  builtAt?: number;
}

/** How often what was counted of the model is written down, milliseconds. */
const KEEP_EVERY_MS = 600_000;

/** Starts of the pod within one probation that did not end in order, before the version before is run for now. */
const MAX_PROBATION_STARTS = 3;

/**
 * A device: follows a channel, installs what it may run into the slot that is not running, switches when the self-test
 * passes, watches itself for as long as the release is open, and goes back to the other slot by itself when the model
 * fails. What is no fault of the model's is told as trouble and tried again, and counts against nothing.
 */
export class Pod {
  private readonly state: StateFile;
  private readonly switch: Switch;
  private readonly trust: Trust;
  private readonly reporter: Reporter;
  private readonly clock: OwnClock;
  private readonly troubles = new Troubles();
  private readonly letGo: () => void;
  private lastContact: string | undefined;
  private keptAt = performance.now();

  /** @throws PodError `stateInUse` when another pod holds the folder */
  constructor(private readonly options: PodOptions) {
    const { directory, fetcher, fleet, log } = options;
    this.letGo = lock(directory);
    try {
      this.state = new StateFile(directory, options.principal);
      const floor = new KeptFloor(directory, options.principal, options.builtAt ?? BUILT_AT);
      if (floor.wasDamaged) log('kept time was damaged', { instead: 'the time of the build' });
      this.clock = new OwnClock(options.now ?? (() => new Date()), options.networkTime, undefined, floor);
      this.trust = new Trust(join(directory, 'metadata'), fetcher, options.shippedRoot, this.clock.latest);
      this.switch = new Switch(this.state, this.trust, {
        ...options,
        motionTrouble: (trouble) => (trouble ? this.note('motion', trouble) : this.troubles.over('motion')),
      });
      this.reporter = new Reporter(this.state, fleet, log);
    } catch (error) {
      this.letGo();
      throw error;
    }
    if (this.state.movedAside) log('state was damaged', { movedTo: this.state.movedAside });
    if (this.trust.keptRootIsDamaged) log('kept root was damaged', { instead: 'the shipped root' });
  }

  /** Brings up what ran before; what cannot be brought up now is told, and tried again with the next turn. */
  async start(): Promise<void> {
    await this.attempt('model', () => this.startUp());
  }

  /**
   * One turn: hear what the channel says, see that something runs, follow the channel, judge what runs, report. Never
   * throws; trouble is told and tried again.
   */
  async turn(): Promise<void> {
    await this.attempt('clock', () => this.clock.check());
    let channel: Channel | undefined;
    await this.attempt('channel', async () => {
      channel = await hear(this.trust, this.options.channel, this.state.value.sequence);
      this.lastContact = new Date().toISOString();
    });
    await this.attempt('model', () => this.mend(channel));
    if (channel) {
      const heard = channel;
      await this.attempt('state', () => this.follow(heard), 'channel');
      await this.attempt('model', () => this.judge(heard));
    }
    await this.switch.lookAfter();
    await this.keepCounted();
    await this.reporter.send();
    if (channel) await this.tellDeviceFaults(channel);
  }

  private async keepCounted(): Promise<void> {
    if (performance.now() - this.keptAt < KEEP_EVERY_MS) return;
    this.keptAt = performance.now();
    await this.attempt('state', () => this.switch.keepCounted());
  }

  /** While a release is to reach this pod, the fleet hears what keeps its device from it, and blames nobody. */
  private async tellDeviceFaults(channel: Channel): Promise<void> {
    const offered = candidateFor(channel, this.options.principal);
    if (!offered) return;
    const faults = this.troubles.all.flatMap(({ code }) => deviceFaultOfCode(code) ?? []);
    for (const fault of faults) await this.reporter.tellDeviceFault(offered, fault);
  }

  status(): Record<string, unknown> {
    const { name, channel } = this.options;
    const { running } = this.switch;
    return statusOf({ name, channel }, this.state.value, {
      runs: running !== undefined && running.died === undefined,
      confinement: running?.runtime.confinement,
      motion: running?.reading ?? null,
      seen: running?.gate.seen,
      lastContact: this.lastContact,
      troubles: this.troubles.all,
    });
  }

  /** What runs, for the local API. @throws PodError `noModel` */
  get model(): { running: Running; installed: Installed } {
    const { running, installed } = this.switch;
    if (!running || running.died || !installed)
      throw new PodError('noModel', {}, 'No model runs yet; GET /status says what the pod waits for.');
    return { running, installed };
  }

  async stop(): Promise<void> {
    await this.attempt('state', () => {
      this.switch.reportCounters();
      this.switch.keepCounted();
      // an end in order is none of the model's
      if (this.state.value.probationStarts > 0) this.state.change((state) => void (state.probationStarts = 0));
    });
    await this.reporter.send();
    await this.switch.leaveRunning();
    this.letGo();
  }

  /**
   * Does a part of a turn. What goes wrong is told under its topic, and under another one when it is the way's to the
   * network; what was wrong before is over when it goes well.
   */
  private async attempt(topic: Topic, work: () => Promise<unknown> | void, wayTopic = topic): Promise<void> {
    try {
      if ((await work()) !== 'later') this.troubles.over(topic);
    } catch (error) {
      const about = originOf(error, 'device') === 'way' ? wayTopic : topic;
      if (about !== topic) this.troubles.over(topic);
      this.tell(about, error);
    }
  }

  private tell(about: Topic, error: unknown): void {
    this.note(about, troubleOf(error));
  }

  private note(about: Topic, trouble: Trouble): void {
    if (!this.troubles.tell(about, trouble)) return;
    this.options.log('trouble', { about, code: trouble.code, origin: trouble.origin, why: trouble.message });
  }

  private async startUp(): Promise<unknown> {
    const { phase, probationStarts } = this.state.value;
    if (phase === 'probation' && probationStarts >= MAX_PROBATION_STARTS && this.switch.fallback)
      return this.switch.goBack(`the pod ended ${MAX_PROBATION_STARTS} times while trying it out`, 'postpone');
    if (phase === 'probation')
      await this.attempt('state', () => this.state.change((state) => void (state.probationStarts += 1)));
    return this.switch.bringUp();
  }

  /** Sees that something runs: leaves what failed, starts again what ended, fills again what is damaged. */
  private async mend(channel: Channel | undefined): Promise<unknown> {
    const { installed, fallback, running } = this.switch;
    if (!installed) return undefined;
    if (channel && isWithdrawn(installed, channel) && (!running || running.died)) {
      // never with what policy withdrew: the version before, or what the channel names, which follows
      const before = fallback && this.state.value.slots[fallback];
      return before && !isWithdrawn(before, channel) && this.switch.goBack('the channel withdrew it', 'again');
    }
    if (!running) return this.switch.bringUp();
    const verdict = this.state.value.phase === 'probation' ? running.gate.verdict() : undefined;
    if (verdict !== undefined) return this.switch.goBack(verdict, 'blame');
    return running.died && this.switch.revive(running.died);
  }

  /** Works out what this pod is to run, and makes it so. */
  private async follow(channel: Channel): Promise<unknown> {
    const wanted = wantedBy(channel, this.state.value, this.options.principal);
    if (channel.sequence > this.state.value.sequence)
      this.state.change((state) => void (state.sequence = channel.sequence));
    this.switch.forgetWithdrawn(channel);
    const { installed, running } = this.switch;
    if (!wanted) return undefined;
    if (installed?.checkpoint === wanted.checkpoint) {
      if (!running) return this.switch.restore(wanted);
      if (wanted.release === null && this.state.value.phase === 'probation') this.switch.settle();
      return undefined;
    }
    const stable = stableOf(channel);
    if (installed && stable && wanted.release !== null && isWithdrawn(installed, channel)) {
      // what a new candidate may fall back on is the channel's version, and not a candidate that was withdrawn
      if ((await this.switch.install(stable, channel)) === 'later') return 'later';
    }
    return this.switch.install(wanted, channel);
  }

  /** The pod's share in the fleet's gate, while the release that it is in is open. */
  private judge(channel: Channel): void {
    const { installed } = this.switch;
    if (installed && installed.release !== null && channel.candidate?.release === installed.release)
      this.switch.reportCounters();
  }
}
