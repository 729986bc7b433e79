import { join } from 'node:path';
import { originOf, type Channel } from '@livepod/protocol';
import { Backoff, OwnClock } from './clock.js';
import { PodError, codeOf, isOfTheArtifact, reasonOf } from './errors.js';
import { hear } from './following/hear.js';
import { isWithdrawn, mayGoBackTo, refuseIn, remember, stableOf, wantedBy, whyOf } from './following/wanted.js';
import { NOTHING, Reporter, queue, type Fleet } from './health/reporter.js';
import type { Log } from './log.js';
import { Running, type Motion } from './runtime/running.js';
import { Runtime } from './runtime/runtime.js';
import { Slots } from './slots/slots.js';
import { lock } from './state/lock.js';
import { StateFile, otherSlot, type Installed, type SlotName } from './state/state.js';
import { statusOf } from './status.js';
import { Troubles, troubleOf, type Topic, type Trouble } from './trouble.js';
import { ChunkStore, trustedManifest } from './updates/checkpoint.js';
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
}

/** Starts of the pod within one probation, none of which ended in order, before the version before is run for now. */
const MAX_PROBATION_STARTS = 3;
/** Ends of the runtime process that are answered by starting it again; after so many the model is left. */
const MAX_RESTARTS = 3;
/** What the device was not fit for is tried again after these, milliseconds. */
const AGAIN = { firstMs: 1_000, longestMs: 10 * 60_000 };
/** A checkpoint that this device could not keep running is tried again after these. */
const POSTPONED = { firstMs: 10 * 60_000, longestMs: 6 * 3_600_000 };

/**
 * A device: follows a channel, installs what it may run into the slot that is not running, switches when the self-test
 * passes, watches itself for as long as the release is open, and goes back to the other slot by itself when the model
 * fails. What is no fault of the model's is told as trouble and tried again, and counts against nothing.
 */
export class Pod {
  private readonly state: StateFile;
  private readonly slots: Slots;
  private readonly chunks: ChunkStore;
  private readonly trust: Trust;
  private readonly reporter: Reporter;
  private readonly clock: OwnClock;
  private readonly backoff = new Backoff(AGAIN.firstMs, AGAIN.longestMs);
  private readonly postponed = new Backoff(POSTPONED.firstMs, POSTPONED.longestMs);
  private readonly troubles = new Troubles();
  private readonly letGo: () => void;
  private running: Running | undefined;
  private restarts = 0;
  private lastContact: string | undefined;

  /** @throws PodError `stateInUse` when another pod holds the folder */
  constructor(private readonly options: PodOptions) {
    const { directory, fetcher, fleet, log } = options;
    this.letGo = lock(directory);
    try {
      this.state = new StateFile(directory);
      this.slots = new Slots(join(directory, 'slots'));
      this.chunks = new ChunkStore(join(directory, 'chunks'), fetcher);
      this.clock = new OwnClock(options.now ?? (() => new Date()), options.networkTime);
      this.trust = new Trust(join(directory, 'metadata'), fetcher, options.shippedRoot, this.clock.latest);
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
    await this.reporter.send();
  }

  status(): Record<string, unknown> {
    const { name, channel } = this.options;
    const motion = this.running?.reading ?? null;
    return statusOf({ name, channel }, this.state.value, {
      runs: this.running !== undefined && this.running.died === undefined,
      motion,
      seen: this.running?.gate.seen,
      lastContact: this.lastContact,
      troubles: this.troubles.all,
    });
  }

  /** What runs, for the local API. @throws PodError `noModel` */
  get model(): { running: Running; installed: Installed } {
    const installed = this.installed();
    if (!this.running || this.running.died || !installed)
      throw new PodError('noModel', {}, 'No model runs yet; GET /status says what the pod waits for.');
    return { running: this.running, installed };
  }

  async stop(): Promise<void> {
    await this.attempt('state', () => {
      this.reportCounters();
      // an end in order is none of the model's
      if (this.state.value.probationStarts > 0) this.state.change((state) => void (state.probationStarts = 0));
    });
    await this.reporter.send();
    await this.running?.runtime.close();
    this.running = undefined;
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

  private async startUp(): Promise<void> {
    const { active, phase, probationStarts } = this.state.value;
    if (!active) return;
    if (phase === 'probation' && probationStarts >= MAX_PROBATION_STARTS && this.previous()) {
      await this.goBack(`the pod ended ${MAX_PROBATION_STARTS} times while trying it out`, 'postpone');
      return;
    }
    if (phase === 'probation')
      await this.attempt('state', () => this.state.change((state) => void (state.probationStarts += 1)));
    await this.bringUp(active);
  }

  /** Sees that something runs: leaves what failed, starts again what ended, fills again what is damaged. */
  private async mend(channel: Channel | undefined): Promise<'later' | void> {
    const { active, phase } = this.state.value;
    if (!active) return;
    const installed = this.installed();
    if (channel && installed && isWithdrawn(installed, channel) && (!this.running || this.running.died)) {
      // never with what policy withdrew: the version before, or what the channel names, which follows
      if (this.previous()) await this.goBack('the channel withdrew it', 'again');
      return;
    }
    if (!this.running) return this.backoff.isDue('start') ? this.bringUp(active) : 'later';
    const { died, gate } = this.running;
    const verdict = phase === 'probation' ? gate.verdict() : undefined;
    if (verdict !== undefined) return this.goBack(verdict, 'blame');
    if (!died) return;
    const ofTheArtifact = isOfTheArtifact(died);
    if (ofTheArtifact && (phase === 'probation' || this.restarts >= MAX_RESTARTS))
      return this.goBack(reasonOf(died), 'blame');
    if (phase === 'probation' && this.restarts >= MAX_RESTARTS && this.previous()) {
      await this.goBack(reasonOf(died), 'postpone');
      this.tell('state', died);
      return;
    }
    if (!this.backoff.isDue('restart')) return 'later';
    this.restarts += 1;
    this.options.log('runtime restarted', { why: reasonOf(died), restarts: this.restarts });
    if (this.restarts > MAX_RESTARTS) this.backoff.failed('restart');
    await this.leaveRunning();
    await this.bringUp(active);
  }

  /** Starts what is in a slot, filling it again first where it is damaged. */
  private async bringUp(slot: SlotName): Promise<void> {
    try {
      await this.run(slot);
    } catch (error) {
      if (isOfTheArtifact(error)) return this.goBack(`it no longer starts: ${reasonOf(error)}`, 'blame');
      if (codeOf(error) !== 'slotDamaged') {
        this.backoff.failed('start');
        throw error;
      }
      this.options.log('slot damaged', { slot, why: reasonOf(error) });
      await this.fillAgain(slot, error);
    }
    this.backoff.over('start');
  }

  /**
   * A damaged slot, from its chunks and what the network still has of them; failing that, the version before. A
   * candidate is not rescued that way: the version before runs until the channel says again that it is to be tried.
   */
  private async fillAgain(slot: SlotName, damage: unknown): Promise<void> {
    const installed = this.installed();
    if (!installed) return;
    if (installed.release !== null && this.previous()) return this.goBack(reasonOf(damage), 'again');
    try {
      await this.slots.mend(slot, this.slots.manifest(slot, installed.checkpoint), this.chunks);
      await this.run(slot);
    } catch (error) {
      this.options.log('slot not mended', { slot, why: reasonOf(error) });
      if (this.previous()) return this.goBack(reasonOf(damage), 'again');
      this.backoff.failed('start');
      throw damage;
    }
  }

  /** Works out what this pod is to run, and makes it so. */
  private async follow(channel: Channel): Promise<'later' | void> {
    const wanted = wantedBy(channel, this.state.value, this.options.principal);
    if (channel.sequence > this.state.value.sequence)
      this.state.change((state) => void (state.sequence = channel.sequence));
    const previous = this.previous();
    if (previous && isWithdrawn(previous, channel)) this.state.change((state) => void (state.previous = null));
    if (!wanted) return;
    const installed = this.installed();
    if (installed?.checkpoint === wanted.checkpoint) {
      if (!this.running) return this.restore(wanted);
      if (wanted.release === null && this.state.value.phase === 'probation') this.settle();
      return;
    }
    const stable = stableOf(channel);
    if (installed && stable && wanted.release !== null && isWithdrawn(installed, channel)) {
      // what a new candidate may fall back on is the channel's version, and not a candidate that was withdrawn
      if ((await this.install(stable, channel)) === 'later') return 'later';
    }
    return this.install(wanted, channel);
  }

  /** What is installed and does not run, from the network: what the channel names is never left at nothing. */
  private async restore(wanted: Installed): Promise<'later' | void> {
    const { active } = this.state.value;
    if (!active || !this.backoff.isDue('restore')) return 'later';
    try {
      await this.slots.mend(active, await trustedManifest(this.trust, wanted.checkpoint), this.chunks);
      await this.run(active);
    } catch (error) {
      this.backoff.failed('restore');
      throw error;
    }
    this.backoff.over('restore');
    this.troubles.over('model');
  }

  /** Download, verify, self-test, switch: the running slot is not touched before the last step. */
  private async install(wanted: Installed, channel: Channel): Promise<'later' | void> {
    if (![this.backoff, this.postponed].every((each) => each.isDue(wanted.checkpoint))) return 'later';
    const slot = otherSlot(this.state.value.active);
    const why = whyOf(channel, wanted);
    let candidate: Runtime | undefined;
    try {
      candidate = await this.prepared(slot, wanted);
      this.reportCounters();
      this.switchTo(slot, wanted, channel, why);
    } catch (error) {
      await candidate?.close();
      if (isOfTheArtifact(error)) return this.refuse(wanted, reasonOf(error));
      if (originOf(error, 'device') !== 'way') this.backoff.failed(wanted.checkpoint);
      throw error;
    }
    this.backoff.over(wanted.checkpoint);
    await this.leaveRunning();
    this.startAfresh();
    this.observe(candidate);
    this.options.log('switched', { version: wanted.version, slot, why });
    this.forgetChunks();
  }

  /** The wanted checkpoint, in a slot and started there; one that is there already is not fetched again. */
  private async prepared(slot: SlotName, wanted: Installed): Promise<Runtime> {
    if (this.state.value.slots[slot]?.checkpoint === wanted.checkpoint) {
      try {
        const { manifest } = this.slots.manifest(slot, wanted.checkpoint);
        return await Runtime.start(this.slots.path(slot), manifest);
      } catch (error) {
        if (codeOf(error) !== 'slotDamaged') throw error;
      }
    }
    const trusted = await trustedManifest(this.trust, wanted.checkpoint);
    await this.chunks.fetch(trusted.manifest); // before the slot is emptied: there may be no room
    this.state.change((state) => {
      state.slots[slot] = null;
      if (state.previous === slot) state.previous = null;
    });
    await this.slots.fill(slot, trusted, this.chunks);
    return Runtime.start(this.slots.path(slot), trusted.manifest);
  }

  private switchTo(slot: SlotName, wanted: Installed, channel: Channel, why: string): void {
    this.state.change((state) => {
      const left = state.active && state.slots[state.active];
      state.previous = left && mayGoBackTo(left, channel) ? state.active : null;
      if (left && state.previous) left.release = null; // it was, or has become, the channel's stable version
      state.active = slot;
      state.slots[slot] = wanted;
      state.phase = wanted.release === null ? 'following' : 'probation';
      state.probationStarts = 0;
      remember(state, wanted.version, why);
      queue(state, wanted, { installed: null }, NOTHING);
    });
  }

  /** The release is over and this is the stable checkpoint now. */
  private settle(): void {
    this.reportCounters();
    this.state.change((state) => {
      state.phase = 'following';
      const installed = state.active && state.slots[state.active];
      if (installed) installed.release = null;
    });
  }

  /** The pod's share in the fleet's gate, while the release that it is in is open. */
  private judge(channel: Channel): void {
    const installed = this.installed();
    if (installed && installed.release !== null && channel.candidate?.release === installed.release)
      this.reportCounters();
  }

  /**
   * Back to the previous slot. The state is written first: as long as it cannot be, what runs goes on.
   *
   * @param how  `blame`: the checkpoint failed, is reported, and not tried again in this release. `postpone`: it did
   *   not, and is tried again after a while. `again`: it is tried again with the next turn.
   */
  private async goBack(why: string, how: 'blame' | 'postpone' | 'again'): Promise<void> {
    const left = this.installed();
    if (!left) return;
    this.state.change((state) => {
      const back = state.previous && state.slots[state.previous] ? state.previous : null;
      if (how === 'blame') {
        refuseIn(state, left);
        queue(state, left, { returned: why }, this.running?.untold ?? NOTHING);
      }
      if (state.active) state.slots[state.active] = null;
      state.active = back;
      state.previous = null;
      state.phase = 'following';
      state.probationStarts = 0;
      remember(state, (back && state.slots[back]?.version) || 0, `back from version ${left.version}: ${why}`);
    });
    if (how === 'postpone') this.postponed.failed(left.checkpoint);
    this.options.log('went back', { from: left.version, why, how });
    await this.leaveRunning();
    this.startAfresh();
    const { active } = this.state.value;
    if (active) await this.run(active);
  }

  private refuse(wanted: Installed, why: string): void {
    this.options.log('refused', { checkpoint: wanted.checkpoint, why });
    this.state.change((state) => {
      refuseIn(state, wanted);
      queue(state, wanted, { failed: why }, NOTHING);
    });
  }

  private async run(slot: SlotName): Promise<void> {
    const installed = this.state.value.slots[slot];
    if (!installed) throw new PodError('slotDamaged', { slot }, `Slot ${slot} is empty.`);
    const { manifest } = this.slots.manifest(slot, installed.checkpoint);
    this.observe(await Runtime.start(this.slots.path(slot), manifest));
  }

  private observe(runtime: Runtime): void {
    this.running = new Running(runtime, this.options.motion, (trouble) => {
      if (this.running?.runtime !== runtime) return;
      if (trouble) this.note('motion', trouble);
      else this.troubles.over('motion');
    });
  }

  private async leaveRunning(): Promise<void> {
    const before = this.running;
    this.running = undefined;
    this.troubles.over('motion');
    await before?.runtime.close();
  }

  private startAfresh(): void {
    this.restarts = 0;
    for (const what of ['start', 'restart', 'restore']) this.backoff.over(what);
  }

  private reportCounters(): void {
    const installed = this.installed();
    const untold = this.running?.untold;
    if (!installed || installed.release === null || !untold || untold.windows + untold.errors === 0) return;
    this.state.change((state) => queue(state, installed, { health: null }, untold));
    this.running?.told();
  }

  private installed(): Installed | null {
    const { active, slots } = this.state.value;
    return active ? slots[active] : null;
  }

  private previous(): Installed | null {
    const { previous, slots } = this.state.value;
    return previous ? slots[previous] : null;
  }

  /** What no slot uses takes room; that it cannot be removed is no trouble. */
  private forgetChunks(): void {
    try {
      const { slots } = this.state.value;
      const kept = (['a', 'b'] as const).flatMap((slot) => {
        const installed = slots[slot];
        return installed ? this.slots.manifest(slot, installed.checkpoint).manifest.files : [];
      });
      this.chunks.keepOnly(new Set(kept.flatMap(({ chunks }) => chunks.map(({ sha256 }) => sha256))));
    } catch (error) {
      this.options.log('chunks stay', { why: reasonOf(error) });
    }
  }
}
