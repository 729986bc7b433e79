import { join } from 'node:path';
import {
  documentId,
  parseCheckpointManifest,
  parseEvaluation,
  type CheckpointManifest,
  type Evaluation,
} from '@livepod/protocol';
import { PodError } from '../errors.js';
import { sha256 } from '../hashes.js';
import { readIfThere, removeIfThere, writeAtomically } from '../state/disk.js';
import type { SlotName } from '../state/state.js';
import type { ChunkStore, TrustedManifest } from '../updates/checkpoint.js';

/** What an evaluator signed of the checkpoint in a slot. */
const REPORT = 'evaluation.json';

/** Two folders, one running and one to write to. What is whole in the running one is never touched. */
export class Slots {
  constructor(private readonly directory: string) {}

  /** Writes a checkpoint's files into a slot, each verified; the manifest goes last and marks the slot as whole. */
  async fill(slot: SlotName, trusted: TrustedManifest, chunks: ChunkStore): Promise<void> {
    const { manifest } = trusted;
    removeIfThere(this.path(slot));
    for (const file of manifest.files) writeAtomically(this.path(slot, file.name), await chunks.assemble(file));
    this.writeDocuments(slot, trusted);
  }

  /** Writes again what is damaged of the checkpoint in a slot: from its chunks; those that lack, from the network. */
  async mend(slot: SlotName, trusted: TrustedManifest, chunks: ChunkStore): Promise<void> {
    const { manifest } = trusted;
    for (const file of manifest.files) {
      const kept = readIfThere(this.path(slot, file.name));
      if (kept && sha256(kept) === file.sha256) continue;
      writeAtomically(this.path(slot, file.name), await chunks.assemble(file));
    }
    this.writeDocuments(slot, trusted);
  }

  /**
   * The manifest in a slot, which is that of `checkpoint`: its id says so.
   *
   * @throws PodError `slotDamaged` when the slot is not whole, or holds something else
   */
  manifest(slot: SlotName, checkpoint: string): TrustedManifest {
    const document = readIfThere(this.path(slot, 'manifest.json'));
    if (!document || idOf(document) !== checkpoint)
      throw new PodError('slotDamaged', { slot, checkpoint }, `Slot ${slot} is not whole: its manifest is damaged.`);
    const report = readIfThere(this.path(slot, REPORT)) ?? undefined;
    if (report && evaluationIn(report)?.checkpoint !== checkpoint)
      throw new PodError('slotDamaged', { slot, checkpoint }, `Slot ${slot} is not whole: its evaluation is damaged.`);
    return { manifest: parseCheckpointManifest(document), document, report };
  }

  private writeDocuments(slot: SlotName, { document, report }: TrustedManifest): void {
    if (report) writeAtomically(this.path(slot, REPORT), report);
    writeAtomically(this.path(slot, 'manifest.json'), document);
  }

  path(slot: SlotName, file = ''): string {
    return join(this.directory, slot, file);
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
function idOf(document: Uint8Array): string | undefined {
  try {
    return documentId(document);
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
