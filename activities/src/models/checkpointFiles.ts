import type { Clients } from '@livepod/client';
import {
  concat,
  digest,
  documentId,
  hex,
  parseCheckpointManifest,
  unhex,
  verifyDocument,
  type CheckpointManifest,
} from '@livepod/protocol';
import { inFlight } from '@livepod/transfer';
import { ActivityError } from '../errors.js';

const CHUNKS_IN_FLIGHT = 8;

/**
 * A checkpoint's manifest; id and the provider's signature verified. @throws ActivityError `notFound` · `wrongHash`;
 * ProtocolError
 */
export async function readCheckpoint(clients: Clients, id: string): Promise<CheckpointManifest> {
  return (await readSignedCheckpoint(clients, id)).manifest;
}

/** The same, with the bytes that the provider signed. */
export async function readSignedCheckpoint(
  clients: Clients,
  id: string,
): Promise<{ manifest: CheckpointManifest; document: Uint8Array }> {
  const signed = await clients.models.get_manifest(id);
  if (!signed)
    throw new ActivityError(
      'notFound',
      { checkpoint: id },
      `The models canister has no checkpoint ${id}; check the id.`,
    );
  const document = new Uint8Array(signed.manifest);
  if (documentId(document) !== id)
    throw new ActivityError(
      'wrongHash',
      { checkpoint: id },
      `The manifest served for ${id} is another one; do not trust this network.`,
    );
  const manifest = parseCheckpointManifest(document);
  verifyDocument(document, new Uint8Array(signed.signature), manifest.publicKey);
  return { manifest, document };
}

/**
 * One of a checkpoint's files, every chunk and the whole checked. @throws ActivityError `missingChunk` · `wrongHash`
 */
export async function readCheckpointFile(
  clients: Clients,
  manifest: CheckpointManifest,
  name: string,
): Promise<Uint8Array> {
  const file = manifest.files.find((file) => file.name === name);
  if (!file)
    throw new ActivityError(
      'notFound',
      { file: name },
      `The checkpoint has no file ${name}; it has ${manifest.files.map((file) => file.name).join(', ')}.`,
    );
  const chunks = await inFlight(file.chunks, CHUNKS_IN_FLIGHT, async ({ sha256 }, index) => {
    const chunk = await clients.models.get_chunk(unhex(sha256));
    if (!chunk)
      throw new ActivityError(
        'missingChunk',
        { file: name, chunk: index },
        `Chunk ${index} of ${name} is not in the models canister; its provider has to upload it again.`,
      );
    const bytes = new Uint8Array(chunk);
    if (hex(await digest(bytes)) !== sha256)
      throw new ActivityError(
        'wrongHash',
        { file: name, chunk: index },
        `Chunk ${index} of ${name} is not the one its provider signed; do not use it.`,
      );
    return bytes;
  });
  const bytes = concat(...chunks);
  if (hex(await digest(bytes)) !== file.sha256)
    throw new ActivityError('wrongHash', { file: name }, `${name} is not the file its provider signed; do not use it.`);
  return bytes;
}
