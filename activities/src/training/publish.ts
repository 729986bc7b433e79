import type { Access, Clients } from '@livepod/client';
import {
  canonicalJson,
  chunkCount,
  digest,
  documentId,
  hex,
  outputTensor,
  parseCheckpointManifest,
  PLAIN_CHUNK_BYTES,
  type Approval,
  type CheckpointDocument,
  type InputContract,
  type TaskDescription,
} from '@livepod/protocol';
import { tryOut } from '@livepod/runtime';
import { inFlight, type Signer } from '@livepod/transfer';
import { ActivityError } from '../errors.js';
import { progress } from '../registration.js';

export interface Trained {
  clients: Clients;
  signer: Signer;
  job: Access.Job;
  approval: Approval;
  model: string;
  metrics: Record<string, string>;
  task: TaskDescription;
  input: InputContract;
  files: { name: string; bytes: Uint8Array }[];
}

const CHUNKS_IN_FLIGHT = 4;

/**
 * Cuts, signs and uploads a trained checkpoint, once its model has run here as evaluators and pods will run it. The
 * same files give the same manifest and the same id, so a repeat submits nothing new.
 */
export async function publishCheckpoint(trained: Trained): Promise<{ checkpoint: string; bytes: number }> {
  const { clients, signer, job, files } = trained;
  const cut = await Promise.all(files.map(cutFile));
  const manifest: CheckpointDocument = {
    type: 'livepod.checkpoint/v2',
    model: trained.model,
    parent: trained.approval.base,
    recipe: job.recipe,
    job: Number(job.id),
    approvalDigest: job.approval_digest,
    datasets: job.datasets.map(({ dataset }) => dataset),
    arguments: trained.approval.arguments,
    seed: trained.approval.seed,
    metrics: trained.metrics,
    files: cut.map(({ listed }) => listed),
    task: trained.task,
    input: trained.input,
    runtime: { format: 'onnx', opset: 17, outputs: [outputTensor(trained.task)] },
    provider: signer.principal,
    publicKey: signer.publicKey,
  };
  const document = canonicalJson(manifest);
  const runnable = parseCheckpointManifest(document);
  const bytesOf = (name: string): Uint8Array => files.find((file) => file.name === name)?.bytes ?? new Uint8Array();
  await tryOut(bytesOf('model.onnx'), bytesOf('selftest.json'), runnable);

  const chunks = cut.flatMap(({ pieces }) => pieces);
  let sent = 0;
  await inFlight(chunks, CHUNKS_IN_FLIGHT, async (bytes) => {
    await clients.models.put_chunk({ job: job.id, bytes });
    progress({ step: 'uploading', chunks: ++sent, of: chunks.length });
  });
  const { id } = await clients.models.submit_checkpoint({ manifest: document, signature: signer.sign(document) });
  if (id !== documentId(document))
    throw new ActivityError(
      'wrongHash',
      { checkpoint: id },
      `The models canister gave the checkpoint the id ${id}, which is not that of its manifest.`,
    );
  return { checkpoint: id, bytes: files.reduce((sum, file) => sum + file.bytes.length, 0) };
}

async function cutFile({ name, bytes }: { name: string; bytes: Uint8Array }) {
  const pieces = Array.from({ length: chunkCount(bytes.length) }, (_, index) =>
    bytes.subarray(index * PLAIN_CHUNK_BYTES, (index + 1) * PLAIN_CHUNK_BYTES),
  );
  const chunks = await Promise.all(
    pieces.map(async (piece) => ({ sha256: hex(await digest(piece)), bytes: piece.length })),
  );
  return { pieces, listed: { name, bytes: bytes.length, sha256: hex(await digest(bytes)), chunks } };
}
