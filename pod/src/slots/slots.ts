import { join } from 'node:path';
import { parseCheckpointManifest, type CheckpointManifest } from '@livepod/protocol';
import { readIfThere, removeIfThere, writeAtomically } from '../disk.js';
import { PodError } from '../errors.js';
import type { ChunkStore, TrustedManifest } from '../updates/checkpoint.js';
import type { SlotName } from './state.js';

/** Two folders, one running and one to write to. What is in the running one is never touched. */
export class Slots {
  constructor(private readonly directory: string) {}

  /** Writes a checkpoint's files into a slot, each verified; the manifest goes last and marks the slot as whole. */
  async fill(slot: SlotName, { manifest, document }: TrustedManifest, chunks: ChunkStore): Promise<void> {
    removeIfThere(this.path(slot));
    for (const file of manifest.files) writeAtomically(this.path(slot, file.name), await chunks.assemble(file));
    writeAtomically(this.path(slot, 'manifest.json'), document);
  }

  /** @throws PodError `stateDamaged` when the slot is not whole */
  manifest(slot: SlotName): CheckpointManifest {
    const bytes = readIfThere(this.path(slot, 'manifest.json'));
    if (!bytes)
      throw new PodError('stateDamaged', { slot }, `Slot ${slot} is not whole; the pod installs into it again.`);
    return parseCheckpointManifest(bytes);
  }

  path(slot: SlotName, file = ''): string {
    return join(this.directory, slot, file);
  }
}
