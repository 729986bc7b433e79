import { join } from 'node:path';
import { originOf, type Channel } from '@livepod/protocol';
import { Backoff, againLater } from '../clock.js';
import { PodError, codeOf, isOfTheArtifact, reasonOf } from '../errors.js';
import { isWithdrawn, mayGoBackTo, refuseIn, remember, whyOf } from '../following/wanted.js';
import { addCounted, ranBefore } from '../health/counted.js';
import { failureText } from '../health/failure.js';
import { NOTHING, queue } from '../health/reporter.js';
import type { Log } from '../log.js';
import { Running, type Motion } from '../runtime/running.js';
import { Runtime } from '../runtime/runtime.js';
import { otherSlot, type Installed, type SlotName, type StateFile } from '../state/state.js';
import type { Trouble } from '../trouble.js';
import { ChunkStore, trustedManifest, type TrustedManifest } from '../updates/checkpoint.js';
import type { Fetcher } from '../updates/fetcher.js';
import type { Trust } from '../updates/trust.js';
import { Attempts, countIn } from './attempts.js';
import { Keeper } from './keeper.js';
import { Slots } from './slots.js';

/** Ends of the runtime process that are answered by starting it again; after so many the model is left. */
const MAX_RESTARTS = 3;
/** A process that ran for so long, milliseconds, had been started well. */
const SOUND_MS = 3_600_000;
/** A checkpoint that this device could not keep running is tried again after these. */
const POSTPONED = { firstMs: 10 * 60_000, longestMs: 6 * 3_600_000 };

export interface SwitchOptions {
  directory: string;
  fetcher: Fetcher;
  motion: Motion;
  log: Log;
  /** hears what is wrong with the person's records, or that it is over */
  motionTrouble: (trouble: Trouble | null) => void;
}

/**
 * The two slots and what runs of them: puts a checkpoint into the one that does not run, switches, fills a damaged one
 * again, and goes back. Each step is in the state file before anything follows from it.
 */
export class Switch {
  private readonly backoff = againLater();
  private readonly postponed = new Backoff(POSTPONED.firstMs, POSTPONED.longestMs);
  /** Why, by checkpoint. */
  private readonly putOff = new Map<string, string>();
  private readonly slots: Slots;
  private readonly chunks: ChunkStore;
  private readonly attempts: Attempts;
  private readonly keeper: Keeper;
  running: Running | undefined;
  /** Ends of the runtime process since the switch. */
  private restarts = 0;
  /** Whether one of them was the device's doing. */
  private endedByDevice = false;

  constructor(
    private readonly state: StateFile,
    private readonly trust: Trust,
    private readonly options: SwitchOptions,
  ) {
    this.attempts = new Attempts(state);
    this.slots = new Slots(join(options.directory, 'slots'));
    this.chunks = new ChunkStore(join(options.directory, 'chunks'), options.fetcher);
    this.keeper = new Keeper(state, this.slots, this.chunks, trust, options.log);
    this.keeper.recover();
  }

  /** Starts what is in the active slot, filling it again first where it is damaged; not at every turn when it fails. */
  async bringUp(): Promise<'later' | void> {
    const slot = this.state.value.active;
    if (!slot) return;
    if (!this.backoff.isDue('start')) return 'later';
    try {
      await this.run(slot);
    } catch (error) {
      if (isOfTheArtifact(error) && this.mayBeLeft) return this.goBack(error, 'blame');
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
   * A damaged slot, from its chunks and what the network still has of them; failing that, what may be gone back to. A
   * candidate is not rescued that way: the version before runs until the channel says again that it is to be tried.
   */
  private async fillAgain(slot: SlotName, damage: unknown): Promise<void> {
    const installed = this.installed;
    if (!installed) return;
    if (installed.release !== null && this.previous) return this.goBack(reasonOf(damage), 'again');
    try {
      await this.slots.mend(slot, this.slots.found(slot, installed.checkpoint), this.chunks);
      await this.run(slot);
    } catch (error) {
      this.options.log('slot not mended', { slot, why: reasonOf(error) });
      if (this.fallback) return this.goBack(reasonOf(damage), 'again');
      this.backoff.failed('start');
      throw damage;
    }
  }

  /**
   * What to do about a process that has ended. The checkpoint is blamed after a few ends, all of them its own: a single
   * crash may come from want of memory that nobody told of. Else a candidate that has a version before it is put off.
   */
  async revive(died: PodError): Promise<'later' | void> {
    const onProbation = this.state.value.phase === 'probation';
    if (this.running && performance.now() - this.running.since > SOUND_MS) this.forgetEnds();
    const worn = this.restarts >= MAX_RESTARTS;
    if (!isOfTheArtifact(died)) this.endedByDevice = true;
    else if (worn && !this.endedByDevice && this.mayBeLeft) return this.goBack(died, 'blame');
    if (onProbation && worn && this.fallback) return this.goBack(reasonOf(died), 'postpone');
    if (!this.backoff.isDue('restart')) return 'later';
    this.restarts += 1;
    this.options.log('runtime restarted', { why: reasonOf(died), restarts: this.restarts });
    if (worn) this.backoff.failed('restart');
    await this.leaveRunning();
    return this.bringUp();
  }

  /** What is installed and does not run, from the network: what the channel names is never left at nothing. */
  async restore(wanted: Installed): Promise<'later' | void> {
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
  }

  /** Download, verify, self-test, switch: the running slot is not touched before the last step. */
  async install(wanted: Installed, channel: Channel): Promise<'later' | void> {
    const { checkpoint, version } = wanted;
    if (!this.postponed.isDue(checkpoint))
      throw new PodError('putOff', { checkpoint }, `Version ${version} is put off: ${this.putOff.get(checkpoint)}`);
    if (!this.backoff.isDue(checkpoint)) return 'later';
    const slot = otherSlot(this.state.value.active);
    const why = whyOf(channel, wanted);
    if (this.attempts.areSpent(wanted, this.installed !== null)) return this.giveUp(wanted);
    let candidate: Runtime | undefined;
    try {
      candidate = await this.prepared(slot, wanted);
      this.reportCounters();
      this.keepCounted();
      this.switchTo(slot, wanted, channel, why);
    } catch (error) {
      await candidate?.close();
      if (isOfTheArtifact(error)) return this.refuse(wanted, error);
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
        return await this.started(slot, wanted, this.slots.whole(slot, wanted.checkpoint));
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
    return this.started(slot, wanted, trusted);
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
      const before = left && ranBefore(state, left);
      queue(state, wanted, { installed: null }, { ...NOTHING, ...(before && { before }) });
    });
  }

  /** The release is over and this is the stable checkpoint now. */
  settle(): void {
    this.reportCounters();
    this.state.change((state) => {
      state.phase = 'following';
      const installed = state.active && state.slots[state.active];
      if (installed) installed.release = null;
    });
  }

  /**
   * Back to the previous slot, or to the bootstrap model where there is none. The state is written first: as long as it
   * cannot be, what runs goes on.
   *
   * @param how  `blame`: the checkpoint failed, is reported, and not tried again in this release. `postpone`: it did
   *   not, and is tried again after a while. `again`: it is tried again with the next turn.
   */
  async goBack(failure: PodError | string, how: 'blame' | 'postpone' | 'again'): Promise<void> {
    const why = reasonOf(failure);
    const left = this.installed;
    const back = this.fallback;
    if (!left) return;
    this.state.change((state) => {
      if (how === 'blame') {
        refuseIn(state, left);
        queue(state, left, { returned: failureText(failure) }, this.running?.untold ?? NOTHING);
      }
      if (state.active) state.slots[state.active] = null;
      state.active = back;
      state.previous = null;
      state.phase = 'following';
      state.probationStarts = 0;
      remember(state, (back && state.slots[back]?.version) || 0, `back from version ${left.version}: ${why}`);
    });
    if (how === 'postpone') {
      this.postponed.failed(left.checkpoint);
      this.putOff.set(left.checkpoint, why);
    }
    this.options.log('went back', { from: left.version, why, how });
    await this.leaveRunning();
    this.startAfresh();
    const { active } = this.state.value;
    if (active) await this.run(active);
  }

  /** Looks after what does not run: {@link Keeper}. */
  async lookAfter(): Promise<void> {
    const { running } = this;
    await this.keeper.lookAfter();
    if (running && !running.died && !running.gate.verdict()) await this.keeper.keepFirst(this.installed);
  }

  /** Forgets what policy withdrew: recovery does not go back to it. */
  forgetWithdrawn(channel: Channel): void {
    const { active, previous, slots } = this.state.value;
    const isGone = (slot: SlotName): boolean => slots[slot] !== null && isWithdrawn(slots[slot], channel);
    if (previous && isGone(previous)) this.state.change((state) => void (state.previous = null));
    if (active !== 'bootstrap' && isGone('bootstrap'))
      this.state.change((state) => void (state.slots.bootstrap = null));
  }

  private refuse(wanted: Installed, failure: PodError): void {
    this.options.log('refused', { checkpoint: wanted.checkpoint, why: failure.message });
    this.state.change((state) => {
      refuseIn(state, wanted);
      queue(state, wanted, { failed: failureText(failure) }, NOTHING);
    });
  }

  private async run(slot: SlotName): Promise<void> {
    const installed = this.state.value.slots[slot];
    if (!installed) throw new PodError('slotDamaged', { slot }, `Slot ${slot} is empty.`);
    const trusted = this.slots.whole(slot, installed.checkpoint);
    // the channel's own version is started whatever happened; what a full disk cannot note must not hold it up
    const runtime =
      installed.release === null
        ? await Runtime.start(this.slots.path(slot), trusted)
        : await this.started(slot, installed, trusted);
    this.observe(runtime);
  }

  private started(slot: SlotName, { checkpoint }: Installed, trusted: TrustedManifest): Promise<Runtime> {
    return this.attempts.noted(checkpoint, () => Runtime.start(this.slots.path(slot), trusted));
  }

  /** A checkpoint that took the pod down with it while it was started: not again before its channel moves on. */
  private giveUp(wanted: Installed): void {
    const why = `the pod or its device ended while it started version ${wanted.version}`;
    this.options.log('given up', { checkpoint: wanted.checkpoint, why });
    this.state.change((state) => {
      refuseIn(state, wanted);
      countIn(state, wanted.checkpoint, 0);
      remember(state, this.installed?.version ?? 0, why);
      queue(state, wanted, { failed: failureText(why) }, NOTHING);
    });
  }

  private observe(runtime: Runtime): void {
    this.running = new Running(runtime, this.options.motion, (trouble) => {
      if (this.running?.runtime === runtime) this.options.motionTrouble(trouble);
    });
  }

  async leaveRunning(): Promise<void> {
    const before = this.running;
    this.running = undefined;
    this.options.motionTrouble(null);
    await before?.runtime.close();
  }

  private forgetEnds(): void {
    this.restarts = 0;
    this.endedByDevice = false;
  }

  private startAfresh(): void {
    this.forgetEnds();
    for (const what of ['start', 'restart', 'restore']) this.backoff.over(what);
  }

  /** Keeps what was counted of what runs: a later version is compared with it. */
  keepCounted(): void {
    const { installed, running } = this;
    const counted = running?.takeCounted();
    if (installed && counted && counted.windows > 0)
      this.state.change((state) => addCounted(state, installed, counted));
  }

  reportCounters(): void {
    const installed = this.installed;
    const untold = this.running?.untold;
    if (!installed || installed.release === null || !untold || untold.windows + untold.errors === 0) return;
    this.state.change((state) => queue(state, installed, { health: null }, untold));
    this.running?.told();
  }

  get installed(): Installed | null {
    const { active, slots } = this.state.value;
    return active ? slots[active] : null;
  }

  /** The channel's version is left for another one, and never for nothing. */
  private get mayBeLeft(): boolean {
    return this.fallback !== null || this.installed?.release !== null;
  }

  /**
   * The slot that is gone back to: the one before, else the bootstrap model's. It is no way out of what it holds
   * itself.
   */
  get fallback(): SlotName | null {
    const { previous, slots } = this.state.value;
    if (previous && slots[previous]) return previous;
    const { bootstrap } = slots;
    return bootstrap && bootstrap.checkpoint !== this.installed?.checkpoint ? 'bootstrap' : null;
  }

  /** What may be gone back to. */
  get previous(): Installed | null {
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
