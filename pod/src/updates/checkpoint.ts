import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  canonicalJson,
  documentId,
  parseCheckpointManifest,
  parseEvaluation,
  ranBy,
  unhex,
  verifyDocument,
  type CheckpointManifest,
} from '@livepod/protocol';
import { makeFolder, readIfThere, writeAtomically } from '../state/disk.js';
import { PodError } from '../errors.js';
import { sha256 } from '../hashes.js';
import type { Fetcher } from './fetcher.js';
import type { Trust } from './trust.js';

/** What a checkpoint's target file holds: the manifest and evaluation as objects, so that any JSON tool shows them. */
interface SignedCheckpoint {
  manifest: unknown;
  signature: string;
  evaluation: unknown;
  evaluationSignature: string | null;
}

/** A manifest, and the bytes its provider signed. */
export interface TrustedManifest {
  manifest: CheckpointManifest;
  document: Uint8Array;
  /** What an evaluator signed of it; undefined in a slot that was filled before slots kept it. */
  report: Uint8Array | undefined;
}

/**
 * A checkpoint's manifest, believed only when the channel's metadata names it, it has that id, its provider signed it,
 * and an evaluator other than the provider signed a measurement of it.
 *
 * @throws PodError `wrongHash` · `wrongSigner` · `notOfficial`, and what {@link Trust.download} throws
 */
export async function trustedManifest(trust: Trust, checkpoint: string): Promise<TrustedManifest> {
  const bytes = await trust.download(`checkpoints/${checkpoint.slice('sha256:'.length)}.json`);
  const signed = JSON.parse(bytes.toString('utf8')) as SignedCheckpoint;
  const document = canonicalJson(signed.manifest);
  if (documentId(document) !== checkpoint)
    throw new PodError('wrongHash', { checkpoint }, `The manifest is not the one of checkpoint ${checkpoint}.`);
  const manifest = parseCheckpointManifest(document);
  signedBy(document, signed.signature, manifest.publicKey, checkpoint);
  if (!signed.evaluation || !signed.evaluationSignature)
    throw new PodError(
      'notOfficial',
      { checkpoint },
      `Checkpoint ${checkpoint} carries no evaluation; this pod runs measured checkpoints only.`,
    );
  const report = canonicalJson(signed.evaluation);
  const evaluation = parseEvaluation(report);
  signedBy(report, signed.evaluationSignature, evaluation.publicKey, checkpoint);
  if (evaluation.checkpoint !== checkpoint || evaluation.evaluator === manifest.provider) {
    throw new PodError(
      'notOfficial',
      { checkpoint, evaluator: evaluation.evaluator },
      `The evaluation is of another checkpoint, or by its own provider.`,
    );
  }
  if (evaluation.ran !== null && evaluation.ran !== ranBy(document))
    throw new PodError(
      'notOfficial',
      { checkpoint },
      `What the evaluator ran is not what checkpoint ${checkpoint} says of its model, task, input and runtime.`,
    );
  return { manifest, document, report };
}

function signedBy(document: Uint8Array, signature: string, publicKey: string, checkpoint: string): void {
  try {
    verifyDocument(document, unhex(signature), publicKey);
  } catch (cause) {
    throw new PodError(
      'wrongSigner',
      { checkpoint, publicKey },
      `Checkpoint ${checkpoint} does not carry the signature it names.`,
      { cause },
    );
  }
}

/** Chunks by their SHA-256, kept between versions so that what did not change is not sent twice. */
export class ChunkStore {
  constructor(
    private readonly directory: string,
    private readonly fetcher: Fetcher,
  ) {
    makeFolder(directory);
  }

  /**
   * A file of the checkpoint, put together from chunks; those already here are not fetched, so a broken download goes
   * on where it ended.
   */
  async assemble(file: CheckpointManifest['files'][number]): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (const chunk of file.chunks) parts.push(await this.chunk(chunk.sha256, chunk.bytes));
    const whole = Buffer.concat(parts);
    if (sha256(whole) !== file.sha256)
      throw new PodError(
        'wrongHash',
        { file: file.name },
        `${file.name} does not have the hash its manifest names; the checkpoint is wrong.`,
      );
    return whole;
  }

  /** Has every chunk of a checkpoint here. */
  async fetch({ files }: CheckpointManifest): Promise<void> {
    for (const { chunks } of files) for (const { sha256: hash, bytes } of chunks) await this.chunk(hash, bytes);
  }

  /** Removes what no installed checkpoint uses. */
  keepOnly(hashes: ReadonlySet<string>): void {
    for (const name of readdirSync(this.directory)) if (!hashes.has(name)) rmSync(join(this.directory, name));
  }

  private async chunk(hash: string, bytes: number): Promise<Buffer> {
    const path = join(this.directory, hash);
    const kept = readIfThere(path);
    if (kept && sha256(kept) === hash) return kept;
    const fetched = await this.fetcher.get(`/chunks/${hash}`, bytes);
    if (!fetched) throw new PodError('network', { chunk: hash }, `Chunk ${hash} is not there; the pod tries again.`);
    if (sha256(fetched) !== hash)
      throw new PodError(
        'damagedDownload',
        { chunk: hash },
        `Chunk ${hash} came with other bytes; the mirror is wrong.`,
      );
    writeAtomically(path, fetched);
    return fetched;
  }
}
