import type { Clients } from '@livepod/client';
import { documentId, parseDatasetManifest, verifyDocument, type DatasetManifest } from '@livepod/protocol';
import { TransferError } from './errors.js';

/**
 * A dataset's manifest, its id and signature verified. @throws TransferError `notFound` · `wrongHash`; ProtocolError
 */
export async function readManifest(clients: Clients, id: string): Promise<DatasetManifest> {
  const signed = await clients.datasets.get_manifest(id);
  if (!signed)
    throw new TransferError(
      'notFound',
      { dataset: id },
      `The datasets canister has no manifest of ${id}; check the id.`,
    );
  const document = new Uint8Array(signed.manifest);
  const manifest = parseDatasetManifest(document);
  if (documentId(document) !== id)
    throw new TransferError(
      'wrongHash',
      { dataset: id },
      `The manifest served for ${id} is another one; do not trust this network.`,
    );
  verifyDocument(document, new Uint8Array(signed.signature), manifest.publicKey);
  return manifest;
}
