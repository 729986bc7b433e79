/** A switch with its slots, a repository on loopback, and checkpoints that it can be given. */
import { rmSync, writeFileSync } from 'node:fs';
import { PodError } from '../errors.js';
import { checkpointSaying } from '../repository.fixture.js';
import type { Installed, PodState, Report, StateFile } from '../state/state.js';
import type { Trouble } from '../trouble.js';
import { Disk, trusted, type Checkpoint } from './slots.fixture.js';
import { Switch } from './switch.js';

export const [first, second, third] = [0, 0.0001, 0.0002].map((selfTest) => checkpointSaying(0, { selfTest })) as [
  Checkpoint,
  Checkpoint,
  Checkpoint,
];
export const broken = checkpointSaying(0, { model: Buffer.from('no model') });
export const stable = ({ id }: Checkpoint, version = 1): Installed => ({ checkpoint: id, version, release: null });
export const candidate = ({ id }: Checkpoint, version = 2): Installed => ({ checkpoint: id, version, release: 7 });
export const crash = (): PodError => new PodError('runtimeDied', {}, 'it crashed');
export const killed = (): PodError => new PodError('runtimeKilled', {}, 'the device killed it');
/** What becomes of a promise: its value, or the code of its error. */
export const outcome = (promise: Promise<unknown>): Promise<unknown> =>
  promise.catch((error: unknown) => (error as PodError).code);

export class Device {
  disk!: Disk;
  state!: StateFile;
  readonly troubles: (Trouble | null)[] = [];
  private readonly made: Switch[] = [];

  static async open(): Promise<Device> {
    const device = new Device();
    device.disk = await Disk.open();
    device.disk.offer(first, second, third, broken);
    device.state = device.disk.state;
    return device;
  }

  async close(): Promise<void> {
    await Promise.all(this.made.map((one) => one.leaveRunning()));
    await this.disk.close();
  }

  /** As after a restart. */
  restarted(): Switch {
    const { disk } = this;
    this.state = disk.state;
    const one = new Switch(this.state, disk.trust, {
      directory: disk.folder,
      fetcher: disk.fetcher,
      motion: { recordings: disk.path('..', 'recordings'), person: 'p1', windowsPerSecond: 1 },
      log: (event) => void disk.log.push(event),
      motionTrouble: (trouble) => void this.troubles.push(trouble),
    });
    this.made.push(one);
    return one;
  }

  /** Puts checkpoints into slots without running them. */
  async put(change: (state: PodState) => void, slots: Partial<Record<'a' | 'b' | 'bootstrap', Checkpoint>>) {
    const { disk } = this;
    for (const [slot, checkpoint] of Object.entries(slots))
      await disk.slots.fill(slot as 'a', trusted(checkpoint), disk.chunks);
    disk.state.change((kept) => {
      for (const [slot, checkpoint] of Object.entries(slots)) kept.slots[slot as 'a'] = stable(checkpoint);
      change(kept);
    });
  }

  /** A candidate in slot a that runs beside a stable version in slot b, before it is started. */
  onProbation(checkpoint = second): Promise<void> {
    return this.put(
      (kept) =>
        Object.assign(kept, {
          ...{ active: 'a', previous: 'b', phase: 'probation' },
          slots: { ...kept.slots, a: candidate(checkpoint) },
        }),
      { a: checkpoint, b: first },
    );
  }

  damage(slot: string, file = 'model.onnx'): void {
    writeFileSync(this.disk.path(slot, file), 'x');
  }
  events(): Report['event'][] {
    return this.state.value.reports.waiting.map(({ event }) => event);
  }
  forgetChunks(): void {
    rmSync(`${this.disk.folder}/chunks`, { recursive: true, force: true });
  }
}
