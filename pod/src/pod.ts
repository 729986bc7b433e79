import { join } from 'node:path';
import { CodedError, isExposed, parseChannel, type Channel } from '@livepod/protocol';
import { PodError, reasonOf } from './errors.js';
import { OwnGate } from './health/gate.js';
import { Reporter, type Fleet } from './health/reporter.js';
import type { Log } from './log.js';
import { Runtime, type Counters } from './runtime/runtime.js';
import { Slots } from './slots/slots.js';
import { StateFile, otherSlot, type Installed, type PodState } from './slots/state.js';
import { ChunkStore, trustedManifest } from './updates/checkpoint.js';
import type { Fetcher } from './updates/fetcher.js';
import { Trust } from './updates/trust.js';

export interface PodOptions {
  /** the pod's principal, bytes */
  principal: Uint8Array;
  name: string;
  channel: string;
  /** everything the pod keeps is in here */
  directory: string;
  shippedRoot: Buffer;
  fetcher: Fetcher;
  fleet: Fleet;
  /** where its person's motion comes from */
  motion: { recordings: string; person: string; windowsPerSecond: number };
  log: Log;
  now?: () => Date;
}

/** Starts of the pod within one probation before a checkpoint is held to be what kills it. */
const MAX_PROBATION_STARTS = 3;
/** Ends of the runtime process that are answered by starting it again; after so many the model is left. */
const MAX_RESTARTS = 3;
/** Codes that say nothing about the checkpoint, only about the way to it. */
const TRANSIENT = new Set([
  'network',
  'staleMetadata',
  'tooLarge',
  'metadataRollback',
  'untrustedMetadata',
  'damagedDownload',
]);

/**
 * A device: follows a channel, installs what it may run into the slot that is not running, switches when the self-test
 * passes, watches itself for as long as the release is open, and goes back to the other slot by itself when anything
 * fails.
 */
export class Pod {
  private readonly state: StateFile;
  private readonly slots: Slots;
  private readonly chunks: ChunkStore;
  private readonly trust: Trust;
  private readonly reporter: Reporter;
  private runtime: Runtime | undefined;
  private gate: OwnGate | undefined;
  private unreported: Counters = { windows: 0, corrections: 0, errors: 0 };
  private failing: string | undefined;
  private restarts = 0;
  private lastContact: string | undefined;
  private trouble: string | undefined;

  constructor(private readonly options: PodOptions) {
    this.state = new StateFile(options.directory);
    this.slots = new Slots(join(options.directory, 'slots'));
    this.chunks = new ChunkStore(join(options.directory, 'chunks'), options.fetcher);
    this.trust = new Trust(join(options.directory, 'metadata'), options.fetcher, options.shippedRoot, options.now);
    this.reporter = new Reporter(this.state, options.fleet, options.log);
  }

  /**
   * Brings up what ran before; a model that no longer starts, or that was being tried out too often, is left for the
   * previous one.
   */
  async start(): Promise<void> {
    const { active, phase } = this.state.value;
    if (!active) return;
    if (phase === 'probation') this.state.change((state) => void (state.probationStarts += 1));
    if (phase === 'probation' && this.state.value.probationStarts > MAX_PROBATION_STARTS) {
      await this.goBack(`the pod ended ${MAX_PROBATION_STARTS} times while trying it out`);
      return;
    }
    try {
      await this.run(active);
    } catch (error) {
      await this.goBack(`it no longer starts: ${reasonOf(error)}`);
    }
  }

  /**
   * One turn: hear what the channel says, follow it, judge what runs, report. Never throws; trouble is told and tried
   * again.
   */
  async turn(): Promise<void> {
    try {
      if (this.failing) await this.recover(this.failing);
      const channel = await this.hear();
      if (channel) {
        await this.follow(channel);
        this.judge(channel);
      }
      this.trouble = undefined;
    } catch (error) {
      this.trouble = reasonOf(error);
      this.options.log('turn failed', {
        code: error instanceof CodedError ? error.code : 'unknown',
        why: this.trouble,
      });
    }
    await this.reporter.send();
  }

  status(): Record<string, unknown> {
    const { active, slots, sequence, phase, history } = this.state.value;
    const running = active ? slots[active] : null;
    return {
      name: this.options.name,
      channel: this.options.channel,
      sequence,
      phase,
      version: running?.version ?? 0,
      checkpoint: running?.checkpoint ?? null,
      slots: { active, ...slots },
      history,
      counters: this.gate?.seen ?? { windows: 0, corrections: 0, errors: 0 },
      lastContact: this.lastContact ?? null,
      trouble: this.trouble ?? null,
    };
  }

  async stop(): Promise<void> {
    this.reportCounters();
    await this.reporter.send();
    await this.runtime?.close();
  }

  /**
   * The channel's document, verified, and not older than what was heard before; nothing while the channel has had no
   * checkpoint yet.
   */
  private async hear(): Promise<Channel | undefined> {
    await this.trust.refresh();
    const target = `channels/${this.options.channel}.json`;
    if (this.state.value.sequence === 0 && !this.trust.lists(target)) return undefined;
    const channel = parseChannel(await this.trust.download(target));
    if (channel.channel !== this.options.channel)
      throw new PodError(
        'untrustedMetadata',
        { channel: channel.channel },
        `The channel document is that of ${channel.channel}.`,
      );
    if (channel.sequence < this.state.value.sequence) {
      throw new PodError(
        'metadataRollback',
        { offered: channel.sequence, had: this.state.value.sequence },
        `Channel ${channel.channel} goes back from sequence ${this.state.value.sequence} to ${channel.sequence}.`,
      );
    }
    this.lastContact = new Date().toISOString();
    return channel;
  }

  /** Works out what this pod is to run, and makes it so. */
  private async follow(channel: Channel): Promise<void> {
    const wanted = this.wanted(channel);
    const running = this.running();
    if (channel.sequence > this.state.value.sequence)
      this.state.change((state) => void (state.sequence = channel.sequence));
    if (!wanted) return;
    if (running?.checkpoint === wanted.checkpoint) {
      if (wanted.release === null && this.state.value.phase === 'probation') this.settle();
      return;
    }
    await this.install(wanted, whyOf(channel, wanted));
  }

  /**
   * The candidate when this pod's cohort is in the present wave and it has not failed here before; else the stable
   * checkpoint.
   */
  private wanted(channel: Channel): Installed | undefined {
    const { candidate, stable } = channel;
    if (candidate && isExposed(BigInt(candidate.release), this.options.principal, candidate.threshold)) {
      const offered = { checkpoint: candidate.checkpoint, version: candidate.version, release: candidate.release };
      if (!this.refused(offered)) return offered;
    }
    if (!stable) return undefined;
    const offered = { ...stable, release: null };
    return this.refused(offered) ? undefined : offered;
  }

  /** Download, verify, self-test, switch: the running slot is not touched before the last step. */
  private async install(wanted: Installed, why: string): Promise<void> {
    const slot = otherSlot(this.state.value.active);
    let candidate: Runtime | undefined;
    try {
      const { manifest, document } = await trustedManifest(this.trust, wanted.checkpoint);
      if (this.state.value.slots[slot]?.checkpoint !== wanted.checkpoint) {
        this.state.change((state) => void (state.slots[slot] = null));
        await this.slots.fill(slot, { manifest, document }, this.chunks);
      }
      candidate = await Runtime.start(this.slots.path(slot), manifest);
    } catch (error) {
      await candidate?.close();
      if (error instanceof CodedError && TRANSIENT.has(error.code)) throw error;
      this.refuse(wanted, reasonOf(error));
      return;
    }
    this.reportCounters();
    const before = this.runtime;
    this.state.change((state) => {
      state.previous = state.active;
      state.active = slot;
      state.slots[slot] = wanted;
      state.phase = wanted.release === null ? 'following' : 'probation';
      state.probationStarts = 0;
      remember(state, wanted.version, why);
    });
    await before?.close();
    this.observe(candidate);
    this.options.log('switched', { version: wanted.version, slot, why });
    if (wanted.release !== null) this.report(wanted, { installed: null }, { windows: 0, corrections: 0, errors: 0 });
    this.forgetChunks();
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

  /** The pod's own gate, and its share in the fleet's. */
  private judge(channel: Channel): void {
    const running = this.running();
    if (!running || running.release === null) return;
    if (channel.candidate?.release === running.release) this.reportCounters();
    const verdict = this.state.value.phase === 'probation' ? this.gate?.verdict() : undefined;
    if (verdict) this.failing = verdict;
  }

  /** A trusted model whose process ended is started again; one on probation is left at once. */
  private async recover(why: string): Promise<void> {
    const { active, phase } = this.state.value;
    if (phase === 'probation' || !active || this.restarts >= MAX_RESTARTS) return this.goBack(why);
    this.failing = undefined;
    this.restarts += 1;
    this.options.log('runtime restarted', { why, restarts: this.restarts });
    await this.runtime?.close();
    await this.run(active).catch((error: unknown) => this.goBack(`it no longer starts: ${reasonOf(error)}`));
  }

  /** Back to the previous slot; the checkpoint is not tried again in this release. */
  private async goBack(why: string): Promise<void> {
    const left = this.running();
    const back = this.state.value.previous;
    this.failing = undefined;
    if (!left) return;
    await this.runtime?.close();
    this.runtime = undefined;
    const counters = this.takeCounters();
    this.state.change((state) => {
      refuseIn(state, left);
      const target = back && state.slots[back] ? back : null;
      if (state.active) state.slots[state.active] = null;
      state.active = target;
      state.previous = null;
      state.phase = 'following';
      remember(state, (target && state.slots[target]?.version) || 0, `back from version ${left.version}: ${why}`);
    });
    this.options.log('went back', { from: left.version, why });
    if (left.release !== null) this.report(left, { returned: why }, counters);
    const active = this.state.value.active;
    if (active) await this.run(active);
  }

  private refuse(wanted: Installed, why: string): void {
    this.options.log('refused', { checkpoint: wanted.checkpoint, why });
    this.state.change((state) => refuseIn(state, wanted));
    if (wanted.release !== null) this.report(wanted, { failed: why }, { windows: 0, corrections: 0, errors: 0 });
  }

  private async run(slot: 'a' | 'b'): Promise<void> {
    this.observe(await Runtime.start(this.slots.path(slot), this.slots.manifest(slot)));
  }

  private observe(runtime: Runtime): void {
    this.runtime = runtime;
    this.failing = undefined;
    const gate = new OwnGate(runtime.correction);
    this.gate = gate;
    this.unreported = { windows: 0, corrections: 0, errors: 0 };
    runtime.on('counters', (counters) => {
      gate.add(counters);
      for (const name of ['windows', 'corrections', 'errors'] as const) this.unreported[name] += counters[name];
    });
    runtime.on('died', (why) => {
      if (this.runtime === runtime) this.failing = why;
    });
    const { recordings, person, windowsPerSecond } = this.options.motion;
    runtime.watch(recordings, person, windowsPerSecond);
  }

  private reportCounters(): void {
    const running = this.running();
    if (!running || running.release === null || this.unreported.windows + this.unreported.errors === 0) return;
    this.report(running, { health: null }, this.takeCounters());
  }

  private report(about: Installed, event: Parameters<Reporter['add']>[0]['event'], counters: Counters): void {
    this.reporter.add({ release: about.release ?? 0, version: about.version, event, ...counters });
  }

  private takeCounters(): Counters {
    const { windows, corrections, errors } = this.unreported;
    this.unreported = { windows: 0, corrections: 0, errors: 0 };
    return { windows, corrections, errors };
  }

  private running(): Installed | null {
    const { active, slots } = this.state.value;
    return active ? slots[active] : null;
  }

  private refused(offered: Installed): boolean {
    const { refused, sequence } = this.state.value;
    return refused.some(
      (entry) =>
        entry.checkpoint === offered.checkpoint &&
        entry.release === offered.release &&
        (entry.release !== null || entry.sequence === sequence),
    );
  }

  private forgetChunks(): void {
    const slots = (['a', 'b'] as const).filter((slot) => this.state.value.slots[slot]);
    const files = slots.flatMap((slot) => this.slots.manifest(slot).files);
    const chunks = files.flatMap((file) => file.chunks);
    this.chunks.keepOnly(new Set(chunks.map((chunk) => chunk.sha256)));
  }
}

function refuseIn(state: PodState, left: Installed): void {
  state.refused = [
    ...state.refused,
    { checkpoint: left.checkpoint, release: left.release, sequence: state.sequence },
  ].slice(-50);
}

function remember(state: PodState, version: number, why: string): void {
  state.history = [...state.history, { version, at: new Date().toISOString(), why }].slice(-200);
}

const whyOf = (channel: Channel, wanted: Installed): string =>
  wanted.release === null
    ? `channel ${channel.channel}, sequence ${channel.sequence}: ${channel.reason}`
    : `release ${wanted.release}, in the present wave`;
