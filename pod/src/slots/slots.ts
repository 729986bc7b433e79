import { join } from 'node:path';
import {
  documentId,
  parseCheckpointManifest,
  parseEvaluation,
  type CheckpointManifest,
  type Evaluation,
} from '@livepod/protocol';
import { PodError, codeOf } from '../errors.js';
import { sha256 } from '../hashes.js';
import { readIfThere, removeIfThere, writeAtomically } from '../state/disk.js';
import { SLOTS, type SlotName } from '../state/state.js';
import type { ChunkStore, TrustedManifest } from '../updates/checkpoint.js';

/** What an evaluator signed of the checkpoint in a slot. */
const REPORT = 'evaluation.json';

type File = CheckpointManifest['files'][number];

/**
 * Two folders, one running and one to write to, and a third for the first official checkpoint. What is whole in the
 * running one is never touched.
 */
export class Slots {
  constructor(private readonly directory: string) {}

  /** Writes a checkpoint's files into a slot, each verified; the manifest goes last and marks the slot as whole. */
  async fill(slot: SlotName, trusted: TrustedManifest, chunks: ChunkStore): Promise<void> {
    removeIfThere(this.path(slot));
    await this.mend(slot, trusted, chunks);
  }

  /**
   * Writes again what is damaged of the checkpoint in a slot: from another slot that has the same bytes, else from its
   * chunks; those that lack, from the network.
   */
  async mend(slot: SlotName, trusted: TrustedManifest, chunks: ChunkStore): Promise<void> {
    for (const file of trusted.manifest.files) {
      if (this.intact(slot, file)) continue;
      writeAtomically(this.path(slot, file.name), this.elsewhere(slot, file) ?? (await chunks.assemble(file)));
    }
    this.writeDocuments(slot, trusted);
  }

  /**
   * The manifest in a slot, which is that of `checkpoint`: its id says so.
   *
   * @throws PodError `slotDamaged` when the slot is not whole, or holds something else
   */
  manifest(slot: SlotName, checkpoint: string): TrustedManifest {
    const document = this.read(slot, 'manifest.json');
    if (!document || idOf(document) !== checkpoint)
      throw new PodError('slotDamaged', { slot, checkpoint }, `Slot ${slot} is not whole: its manifest is damaged.`);
    const report = this.read(slot, REPORT);
    if (report && evaluationIn(report)?.checkpoint !== checkpoint)
      throw new PodError('slotDamaged', { slot, checkpoint }, `Slot ${slot} is not whole: its evaluation is damaged.`);
    return { manifest: parseCheckpointManifest(document), document, report };
  }

  private writeDocuments(slot: SlotName, { document, report }: TrustedManifest): void {
    if (report) writeAtomically(this.path(slot, REPORT), report);
    else removeIfThere(this.path(slot, REPORT));
    writeAtomically(this.path(slot, 'manifest.json'), document);
  }

  /** The same, and every file beside it has the bytes that it names. @throws PodError `slotDamaged` */
  whole(slot: SlotName, checkpoint: string): TrustedManifest {
    const trusted = this.manifest(slot, checkpoint);
    const damaged = trusted.manifest.files.find((file) => !this.intact(slot, file));
    if (!damaged) return trusted;
    throw new PodError(
      'slotDamaged',
      { slot, checkpoint, file: damaged.name },
      `Slot ${slot} is not whole: ${damaged.name} does not have the bytes that its manifest names.`,
    );
  }

  /** A checkpoint's documents, from a slot or from another one that holds the same. @throws PodError `slotDamaged` */
  found(slot: SlotName, checkpoint: string): TrustedManifest {
    const others = SLOTS.filter((one) => one !== slot);
    const whole = [slot, ...others].find((one) => this.hasDocuments(one, checkpoint));
    return this.manifest(whole ?? slot, checkpoint);
  }

  path(slot: SlotName, file = ''): string {
    return join(this.directory, slot, file);
  }

  private hasDocuments(slot: SlotName, checkpoint: string): boolean {
    try {
      return this.manifest(slot, checkpoint).document.length > 0;
    } catch (error) {
      if (codeOf(error) === 'slotDamaged') return false;
      throw error;
    }
  }

  private intact(slot: SlotName, file: File): boolean {
    const kept = this.read(slot, file.name);
    return kept !== undefined && sha256(kept) === file.sha256;
  }

  private elsewhere(slot: SlotName, file: File): Buffer | undefined {
    const other = SLOTS.find((one) => one !== slot && this.intact(one, file));
    return other && this.read(other, file.name);
  }

  /** What the disk can no longer read is as good as gone. */
  private read(slot: SlotName, file: string): Buffer | undefined {
    try {
      return readIfThere(this.path(slot, file));
    } catch (error) {
      if (codeOf(error) === 'EIO') return undefined;
      throw error;
    }
  }
}

/** What an evaluator signed; undefined for what is no evaluation. */
export function evaluationIn(report: Uint8Array): Evaluation | undefined {
  try {
    return parseEvaluation(report);
  } catch {
    return undefined;
  }
}

/** A document's id; undefined for what is no document. */
function idOf(document: Uint8Array | undefined): string | undefined {
  try {
    return document && documentId(document);
  } catch {
    return undefined;
  }
}

/** The hash that a manifest names for one of its files. @throws PodError `modelDoesNotLoad` when it names none */
export function hashOf(manifest: CheckpointManifest, name: string): string {
  const file = manifest.files.find((one) => one.name === name);
  if (!file) throw new PodError('modelDoesNotLoad', { name }, `The checkpoint brings no ${name}.`);
  return file.sha256;
}
